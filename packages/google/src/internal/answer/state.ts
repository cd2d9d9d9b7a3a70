import * as Answers from "@holdfast/core/provider/AnswerState"
import { field, type Json, list, text } from "@holdfast/core/provider/Json"

import { key } from "../request/promptOptions.ts"
import { laterUsage } from "./usage.ts"

export interface AnswerOptions extends Omit<Answers.Options, "key"> {
  readonly headers: Readonly<Record<string, string>>
  /** What ids begin with that Google did not give, in an answer that has no id itself. */
  readonly fallbackId: string
}

/** What reading an answer needs, and what it finds out on the way. */
export class AnswerState extends Answers.AnswerState {
  readonly headers: Readonly<Record<string, string>>
  private readonly fallbackId: string
  private ids = 0
  /** Ids of results of Google's own tools. A frame that is sent twice has those of the first. */
  readonly resultIds = new Set<string>()
  readonly sources = new Set<string>()
  /** The newest run of code, whose result need not name it. */
  codeId: string | undefined
  calls = false
  responseId: string | undefined
  usage: Json | undefined
  finishReason: string | undefined
  blockReason: string | undefined
  blockMessage: string | undefined
  private readonly last: Record<string, unknown> = {}

  constructor({ declared, fallbackId, headers, origin }: AnswerOptions) {
    super({ origin, key, declared })
    this.headers = headers
    this.fallbackId = fallbackId
  }

  /** An id that no other answer has, and that is the same when the answer is read again. */
  newId(): string {
    return `${this.responseId ?? this.fallbackId}-${this.ids++}`
  }

  /** Takes in what an answer or chunk says besides its content. Later chunks win. */
  observe(answer: unknown, candidate: unknown): void {
    this.responseId ??= text(answer, "responseId")
    this.usage = laterUsage(this.usage, field(answer, "usageMetadata"))
    const feedback = field(answer, "promptFeedback")
    this.blockReason ??= text(feedback, "blockReason")
    this.blockMessage ??= text(feedback, "blockReasonMessage")
    this.finishReason ??= text(candidate, "finishReason")
    for (const name of ["groundingMetadata", "urlContextMetadata", "continuationToken"] as const) {
      const value = field(candidate, name)
      if (value !== undefined && value !== null) this.last[name] = value
    }
    const ratings = list(candidate ?? feedback, "safetyRatings")
    if (ratings.length > 0) this.last["safetyRatings"] = ratings
  }

  /** Whether Google has said that, and why, the answer is over. */
  get isOver(): boolean {
    return this.finishReason !== undefined || this.blockReason !== undefined
  }

  /** What is told at the end. */
  get details(): Record<string, unknown> {
    return {
      usage: this.usage,
      finishReason: this.finishReason,
      serviceTier: text(this.usage, "serviceTier") ?? this.headers["x-gemini-service-tier"],
      ...this.last,
    }
  }
}

/** The candidate of an answer or chunk. No more than one is ever asked for. */
export const candidateOf = (answer: unknown): unknown =>
  list(answer, "candidates").find((candidate) => (field(candidate, "index") ?? 0) === 0)
