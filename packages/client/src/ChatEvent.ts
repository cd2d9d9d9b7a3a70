/**
 * What a chat server says in an answer, and what it is asked. `docs/chat-protocol.md` has the protocol in words.
 *
 * @since 0.1.0
 */

/**
 * A message of a conversation. Parts are those of `effect/ai`'s `Prompt`, encoded.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestMessage {
  readonly role: "user" | "assistant" | "tool"
  readonly content: string | ReadonlyArray<object>
}

/**
 * What is asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChatRequest {
  /** The conversation so far, the newest message last. */
  readonly messages: ReadonlyArray<RequestMessage>
  /** 16 to 64 of `A-Z a-z 0-9 _ -`, not guessable. The client chooses one if it is left out. */
  readonly answerId?: string
  readonly chatId?: string
  readonly messageId?: string
  /** Any JSON that the application on the server wants to know. */
  readonly data?: unknown
}

/**
 * Tokens as the provider counted them. What it did not report is absent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Usage {
  readonly inputTokens: {
    readonly total?: number | undefined
    readonly uncached?: number | undefined
    readonly cacheRead?: number | undefined
    readonly cacheWrite?: number | undefined
  }
  readonly outputTokens: {
    readonly total?: number | undefined
    readonly text?: number | undefined
    readonly reasoning?: number | undefined
  }
}

/**
 * The end of an answer.
 *
 * @since 0.1.0
 * @category events
 */
export interface Done {
  readonly type: "done"
  /** Why the model stopped; `stopped` where a client asked for it. */
  readonly reason:
    | "stop"
    | "length"
    | "content-filter"
    | "tool-calls"
    | "pause"
    | "error"
    | "other"
    | "unknown"
    | "stopped"
  readonly usage?: Usage
  /** Milliseconds. */
  readonly latency: number
  /** Milliseconds. */
  readonly timeToFirstToken?: number
  readonly provider?: string
  readonly model?: string
  /** Requests to providers: retries, hedges and fallbacks count. */
  readonly attempts: number
  /** What all attempts cost: `"0.0021 USD"`. */
  readonly cost?: string
}

/**
 * One event of an answer. An `error` is not among them: it is thrown as a `ChatError`.
 *
 * @since 0.1.0
 * @category events
 */
export type ChatEvent =
  | {
      readonly type: "start"
      readonly answerId: string
      readonly chatId?: string
      readonly messageId?: string
    }
  | { readonly type: "token"; readonly text: string; readonly block?: number }
  | { readonly type: "reasoning"; readonly text: string; readonly block?: number }
  | { readonly type: "tool-input-start"; readonly id: string; readonly name: string }
  | { readonly type: "tool-input-delta"; readonly id: string; readonly delta: string }
  | {
      readonly type: "tool-call"
      readonly id: string
      readonly name: string
      readonly input: unknown
      readonly providerExecuted?: boolean
    }
  | {
      readonly type: "tool-result"
      readonly id: string
      readonly name: string
      readonly output: unknown
      readonly failed: boolean
      readonly preliminary?: boolean
      readonly providerExecuted?: boolean
    }
  | { readonly type: "tool-approval"; readonly approvalId: string; readonly toolCallId: string }
  | {
      readonly type: "source"
      readonly id: string
      readonly title?: string
      readonly url?: string
      readonly mediaType?: string
      readonly fileName?: string
    }
  | { readonly type: "file"; readonly mediaType: string; readonly data: string }
  | { readonly type: "step" }
  | {
      readonly type: "data"
      readonly name: string
      /** Any JSON. */
      readonly data: unknown
      readonly id?: string
      readonly transient?: boolean
    }
  | Done
