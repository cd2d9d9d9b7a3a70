/** How the client connects. */

/**
 * @since 0.1.0
 * @category options
 */
export interface ChatClientOptions {
  /** The path that the server was given, with its origin where that is another one. `/chat` if left out. */
  readonly url?: string | undefined
  /** Headers of each request. A function is asked before each connection, so that a token can be renewed. */
  readonly headers?:
    | Readonly<Record<string, string>>
    | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)
    | undefined
  /** For all else that a request may need, such as `credentials`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Connections in a row that may fail, until an answer counts as lost. 6 if left out, which is about a minute. */
  readonly maxAttempts?: number | undefined
  /** Milliseconds until the first attempt to connect again, until the server says otherwise; doubled with each. 1,000 if left out. */
  readonly retryDelay?: number | undefined
  /** Milliseconds of silence, after which a connection counts as dead. 45,000 if left out: three signs of life of the server. */
  readonly idleTimeout?: number | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface AskOptions {
  /** Closes the connection. An answer that may be resumed goes on at the server; `stop` ends it. */
  readonly signal?: AbortSignal | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface FollowOptions extends AskOptions {
  /** The number of events that have been seen: 0 if left out, which is the whole answer. */
  readonly after?: number | undefined
}
