import { type Kind } from "../../Operation.ts"
import { type CallContext, type ModelRequest } from "./types.ts"

// Drawn for many ids at once: the call costs more than the bytes.
const random = new Uint8Array(4_096)
let used = random.length

const hexadecimal = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/**
 * 128 random bits in hexadecimal. Not from `Random`: a seed must neither repeat an id nor be used up by a listener. And not
 * `randomUUID`, which pages without TLS do not have.
 */
export const newId = (): string => {
  if (used === random.length) {
    crypto.getRandomValues(random)
    used = 0
  }
  let id = ""
  for (const end = used + 16; used < end; used++) id += hexadecimal[random[used] ?? 0]
  return id
}

let calls = 0
let process = ""

/** Calls of one process are counted, after a prefix that no other process has: bits for each would cost more than they are worth. */
const newCallId = (): string => {
  if (calls === 0) process = newId().slice(0, 16)
  return `${process}${(++calls).toString(16).padStart(16, "0")}`
}

const none: ReadonlyArray<never> = []

/** A call that begins. */
export const newCall = (operation: CallContext["operation"], span: CallContext["span"]): CallContext => ({
  id: newCallId(),
  operation,
  span,
  attempts: { begun: 0, extra: 0 },
  queue: { waited: 0 },
  retryBudget: undefined,
  guards: none,
  interruption: undefined,
  observers: none,
})

/**
 * The same request of the same call, which carries something else. Field by field, because V8 keeps the shape of a literal, and
 * forgets that of a spread.
 */
export const carrying = <K extends Kind>(
  { call, mode, options, settings }: ModelRequest<K>,
  {
    guards,
    interruption,
    observers,
    retryBudget,
  }: Partial<Pick<CallContext, "guards" | "interruption" | "observers" | "retryBudget">>,
): ModelRequest<K> => ({
  mode,
  options,
  settings,
  call: {
    id: call.id,
    operation: call.operation,
    span: call.span,
    attempts: call.attempts,
    queue: call.queue,
    retryBudget: retryBudget ?? call.retryBudget,
    guards: guards ?? call.guards,
    interruption: interruption ?? call.interruption,
    observers: observers ?? call.observers,
  },
})
