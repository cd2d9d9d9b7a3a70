/** The keys of answers in Redis. All lie in one slot, because one command reads many of them. */
import { type Key } from "../answer/store.ts"

export interface Keys {
  /** The stream of events. The id of an entry is the number of its first event. */
  readonly events: (name: string) => string
  /** Which process writes an answer. */
  readonly owner: (name: string) => string
  /** There as long as a process is alive. */
  readonly process: (id: string) => string
  /** What other processes ask of one. */
  readonly inbox: (id: string) => string
  /** There as long as somebody reads an answer at a process that does not write it. */
  readonly read: (name: string) => string
  /** The newest answer of a conversation. */
  readonly chat: (name: string) => string
}

export const keysOf = (prefix: string): Keys => {
  const key = (kind: string) => (name: string) => `{${prefix}:chat}:${kind}:${name}`
  return {
    events: key("events"),
    owner: key("owner"),
    process: key("process"),
    inbox: key("inbox"),
    read: key("read"),
    chat: key("chat"),
  }
}

/** JSON escapes lone surrogates, which are all one character in UTF-8, so that no tenant reads as another one. */
export const nameOf = ({ id, tenant }: Key): string => `${JSON.stringify(tenant ?? null)}:${JSON.stringify(id)}`
