/**
 * A client of a chat server, over server-sent events, for browsers and for everything else that has `fetch`.
 *
 * A connection that is lost is had again, and the answer goes on after the last event that was seen: nothing is lost and nothing comes
 * twice.
 *
 * @since 0.1.0
 */
import { ChatError } from "./ChatError.ts"
import { type ChatEvent, type ChatRequest, type Done } from "./ChatEvent.ts"
import { answer, fetched, newId } from "./internal/answer.ts"
import { type AskOptions, type ChatClientOptions, type FollowOptions } from "./internal/options.ts"

export type { AskOptions, ChatClientOptions, FollowOptions } from "./internal/options.ts"

/**
 * An answer that is complete.
 *
 * @since 0.1.0
 * @category models
 */
export interface Completion extends Omit<Done, "type"> {
  readonly text: string
}

/**
 * The functions that are called about an answer.
 *
 * @since 0.1.0
 * @category options
 */
export interface Callbacks {
  /** A piece of the text. */
  readonly onToken?: ((text: string) => void) | undefined
  /** Every event, tokens included. */
  readonly onEvent?: ((event: ChatEvent) => void) | undefined
  readonly onComplete?: ((completion: Completion) => void) | undefined
  /** Told of how the answer failed. Without it the promise is rejected. */
  readonly onError?: ((error: ChatError) => void) | undefined
}

/**
 * A client of one chat server. It holds no connection by itself.
 *
 * @since 0.1.0
 * @category models
 */
export class ChatClient {
  declare readonly options: ChatClientOptions

  constructor(options: ChatClientOptions = {}) {
    this.options = options
  }

  /**
   * Asks, and gives the events of the answer as they come. What has not been taken holds the server back.
   *
   * Fails with a `ChatError`, or with the reason of its signal. Breaking off the loop closes the connection.
   */
  ask(request: ChatRequest, options?: AskOptions): AsyncGenerator<ChatEvent, void, undefined> {
    return answer(this.options, { ...options, answerId: request.answerId ?? newId(), request })
  }

  /** Goes on with an answer, or reads it once more. There are no events if nothing is left of it. */
  follow(answerId: string, options?: FollowOptions): AsyncGenerator<ChatEvent, void, undefined> {
    return answer(this.options, { ...options, answerId })
  }

  /** Asks, and tells the callbacks. Being aborted is no failure: then nobody is told of an end. */
  async send(request: ChatRequest, callbacks: AskOptions & Callbacks = {}): Promise<void> {
    let text = ""
    try {
      for await (const event of this.ask(request, callbacks)) {
        callbacks.onEvent?.(event)
        if (event.type === "token") {
          text += event.text
          callbacks.onToken?.(event.text)
        } else if (event.type === "done") callbacks.onComplete?.({ ...event, text })
      }
    } catch (error) {
      if (callbacks.signal?.aborted) return
      if (!(callbacks.onError && error instanceof ChatError)) throw error
      callbacks.onError(error)
    }
  }

  /** Ends an answer at the provider, for all of its readers. One that is over already stays what it is. */
  async stop(answerId: string): Promise<void> {
    await fetched(this.options, `/${answerId}`, { method: "DELETE" })
  }
}
