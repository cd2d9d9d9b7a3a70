/** Where processes meet that share their answers. */
import { Effect, type Scope } from "effect"

import { type ChatError } from "../../ChatError.ts"
import { type Log } from "./log.ts"

/** Whose answer it is: within one tenant, ids are unique. */
export interface Key {
  readonly tenant: string | undefined
  readonly id: string
}

export interface Published {
  readonly key: Key
  readonly chatId: string | undefined
  readonly log: Log
  /** Milliseconds that it can be followed after its end. */
  readonly retention: number
  /** Milliseconds that it may take at most. */
  readonly maxDuration: number
  /** Ends the generation: a client of another process asked for it, or other processes hold this one for dead. */
  readonly end: (why: "stopped" | "lost") => void
}

export interface AnswerStore {
  /** Takes an id for this process. `false` where there is such an answer already. */
  readonly claim: (answer: Published) => Effect.Effect<boolean>
  /** Writes down what the log of a claimed answer gets, until its end. */
  readonly publish: (answer: Published) => Effect.Effect<void>
  /** The log of an answer that another process writes, which grows as long as the scope is open. */
  readonly find: (key: Key) => Effect.Effect<Log | undefined, ChatError, Scope.Scope>
  /** Asks the process that writes an answer to end it. `false` if there is no such answer. */
  readonly stop: (key: Key) => Effect.Effect<boolean, ChatError>
  /** The newest answer of a conversation. */
  readonly newest: (tenant: string | undefined, chatId: string) => Effect.Effect<string | undefined, ChatError>
  /** Whether somebody reads an answer of this process at another one. */
  readonly isRead: (key: Key) => Effect.Effect<boolean>
}

/** One process by itself. */
export const alone: AnswerStore = {
  claim: () => Effect.succeed(true),
  publish: () => Effect.void,
  find: () => Effect.undefined,
  stop: () => Effect.succeed(false),
  newest: () => Effect.undefined,
  isRead: () => Effect.succeed(false),
}
