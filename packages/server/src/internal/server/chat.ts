import { Context, type Effect, type Scope } from "effect"

import { type ChatError } from "../../ChatError.ts"
import { type ChatRequest } from "../../ChatProtocol.ts"
import { type Following, type Registry } from "../answer/registry.ts"
import { type Settings } from "./options.ts"

/** What transports share: the program that answers, the answers that there are, and the bounds. */
export interface Chat {
  readonly settings: Settings
  readonly registry: Registry
  /** Begins an answer and reads it from its first event. `patience` is how long it goes on while nobody reads, in milliseconds. */
  readonly ask: (
    request: ChatRequest,
    options?: { readonly patience: number },
  ) => Effect.Effect<Following, ChatError, Scope.Scope>
}

/**
 * A program that answers, and the answers that it is giving. Transports are layers on it.
 *
 * @since 0.1.0
 * @category services
 */
export class ChatServer extends Context.Service<ChatServer, Chat>()("@holdfast/server/ChatServer") {}
