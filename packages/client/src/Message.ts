/**
 * What a page shows of a conversation.
 *
 * @since 0.1.0
 */
import { type ChatEvent, type Done } from "./ChatEvent.ts"

/**
 * A call of a tool, from its first letter to its result.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolPart {
  readonly type: "tool"
  readonly id: string
  readonly name: string
  /** The event that was last: `input-start` and `input-delta` while the model writes, `call`, `approval` while it waits for consent, `result`. */
  readonly state: "input-start" | "input-delta" | "call" | "approval" | "result"
  /** The JSON text of the input, as far as the model has written it. */
  readonly inputText: string
  readonly input?: unknown
  readonly output?: unknown
  /** Whether `output` is the tool's failure. */
  readonly failed?: boolean
  /** Whether another result will take the place of this one. */
  readonly preliminary?: boolean
  readonly approvalId?: string
  readonly providerExecuted?: boolean
}

/**
 * A piece of text or of reasoning.
 *
 * @since 0.1.0
 * @category models
 */
export interface TextPart {
  readonly type: "text" | "reasoning"
  readonly text: string
  readonly block?: number | undefined
}

/**
 * A file, in base64.
 *
 * @since 0.1.0
 * @category models
 */
export interface FilePart {
  readonly type: "file"
  readonly mediaType: string
  readonly data: string
  readonly fileName?: string
}

/**
 * One piece of a message. `step` is where the model was asked once more, as after a tool has run.
 *
 * @since 0.1.0
 * @category models
 */
export type Part = TextPart | FilePart | ToolPart | Extract<ChatEvent, { readonly type: "source" | "data" | "step" }>

/**
 * A message. It is never changed: a new one takes its place, and parts that did not change stay the same objects.
 *
 * @since 0.1.0
 * @category models
 */
export interface Message {
  /** That of the answer, where the role is `assistant`. */
  readonly id: string
  readonly role: "user" | "assistant"
  readonly parts: ReadonlyArray<Part>
  /** How many events of the answer are in it, from which it can be resumed. */
  readonly seen?: number
  /** Usage, cost, attempts and times, once the answer is complete. */
  readonly done?: Done | undefined
}
