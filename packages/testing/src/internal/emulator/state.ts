import { type Effect, Queue } from "effect"

import * as Chaos from "../../Chaos.ts"
import { type RecordedRequest } from "../../RecordedRequest.ts"
import * as Reply from "../../Reply.ts"
import { type Batches } from "./batch/state.ts"
import { type Call, type DialectName, identifier, resolve } from "./dialect.ts"
import { type FileStore } from "./files/state.ts"
import { stem } from "./history/responses.ts"
import { type Issued } from "./history/rule.ts"

/** Answers a request when no script is left. */
type Responder = (request: RecordedRequest) => Reply.Reply | Effect.Effect<Reply.Reply>

/** A request whose fate is still being written. */
export type Entry = { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] }

/** All that the emulator remembers between requests. */
export interface State {
  count: number
  closed: boolean
  readonly entries: Array<Entry>
  readonly scripts: Map<DialectName, Array<Reply.Reply>>
  readonly responders: Map<DialectName, Responder>
  readonly unscripted: Map<DialectName, number>
  /** Whether histories are refused that the provider would refuse. */
  readonly strict: boolean
  readonly issued: Map<DialectName, { readonly signatures: Set<string>; readonly reasoning: Set<string> }>
  readonly arrived: Queue.Queue<Entry>
  readonly aborted: Queue.Queue<Entry>
  batches: Batches
  readonly files: FileStore
}

/** Takes the next scripted reply off the queue of a dialect. */
export const nextScripted = (state: State, dialect: DialectName): Reply.Reply | undefined =>
  state.scripts.get(dialect)?.shift()

/** What an unscripted reply becomes under chaos. */
export const withChaos = (
  state: State,
  chaos: Chaos.Chaos | undefined,
  options: { readonly dialect: DialectName; readonly reply: Reply.Reply },
): Reply.Reply => {
  const index = state.unscripted.get(options.dialect) ?? 0
  state.unscripted.set(options.dialect, index + 1)
  return chaos === undefined
    ? options.reply
    : Chaos.apply(chaos, { reply: options.reply, stream: options.dialect, index })
}

/** The answer when neither a script nor a responder says anything else. */
export const defaultReply = Reply.text("Hello from the emulator.")

/** Remembers a request. */
export const record = (state: State, entry: Entry): Entry => {
  state.entries.push(entry)
  Queue.offerUnsafe(state.arrived, entry)
  return entry
}

/** Remembers that the client gave up, unless it was the emulator that ended the answer. */
export const markAborted = (state: State, entry: Entry, now: number): void => {
  if (state.closed || entry.endedAt !== undefined || entry.aborted) return
  entry.aborted = true
  entry.abortedAt = now
  Queue.offerUnsafe(state.aborted, entry)
}

/** Remembers what an answer vouches for, to know it again in a later history. */
export const issue = (state: State, dialect: DialectName, call: Call, { content }: Reply.Reply): void => {
  if (!state.strict || content._tag !== "Answer") return
  const { reasoning, signature } = resolve(content.answer, call)
  const issued = state.issued.get(dialect) ?? { signatures: new Set(), reasoning: new Set() }
  issued.signatures.add(signature)
  if (reasoning.length > 0) issued.reasoning.add(stem(identifier("rs_", call)))
  state.issued.set(dialect, issued)
}

const nothing: Issued = { signatures: new Set(), reasoning: new Set() }

/** What a provider vouched for in its answers so far. */
export const issuedBy = (state: State, dialect: DialectName): Issued => state.issued.get(dialect) ?? nothing

/** The entry as it is now, safe from later changes. */
export const snapshot = (entry: Entry): RecordedRequest => ({ ...entry })
