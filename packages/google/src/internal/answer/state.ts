import * as Answers from "@holdfast/core/provider/AnswerState"
import { field, type Json, list, text } from "@holdfast/core/provider/Json"
import { laterReport } from "@holdfast/core/provider/TokenCounts"

import { key } from "../request/promptOptions.ts"

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
  private readonly results = new Set<string>()
  readonly sources = new Set<string>()
  /** The newest run of code, whose result need not name it. */
  codeId: string | undefined
  calls = false
  responseId: string | undefined
  usage: Json | undefined
  /** The last reason that says something. */
  finishReason: string | undefined
  /** Whether there was a reason that says nothing: the enumeration's zero. */
  private unspecified = false
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

  /** Whether the very same result has been read. */
  isRepeatedResult(id: string, result: unknown): boolean {
    const written = JSON.stringify([id, result])
    if (this.results.has(written)) return true
    this.results.add(written)
    return false
  }

  /** Takes in what an answer or chunk says besides its content. Later chunks win. */
  observe(answer: unknown, candidate: unknown): void {
    this.responseId ??= text(answer, "responseId")
    this.usage = laterReport(this.usage, field(answer, "usageMetadata"))
    const feedback = field(answer, "promptFeedback")
    const blocked = text(feedback, "blockReason")
    const reason = text(candidate, "finishReason")
    // Gateways write the zero into every chunk; without any candidate a prompt was blocked all the same.
    if (blocked !== "BLOCK_REASON_UNSPECIFIED" || candidate === undefined) this.blockReason ??= blocked
    this.blockMessage ??= text(feedback, "blockReasonMessage")
    if (reason === "FINISH_REASON_UNSPECIFIED") this.unspecified = true
    else this.finishReason = reason ?? this.finishReason
    for (const name of ["groundingMetadata", "urlContextMetadata", "continuationToken"] as const) {
      const value = field(candidate, name)
      if (value !== undefined && value !== null) this.last[name] = value
    }
    const ratings = list(candidate ?? feedback, "safetyRatings")
    if (ratings.length > 0) this.last["safetyRatings"] = ratings
  }

  /** Whether Google has said that, and why, the answer is over. */
  get isOver(): boolean {
    return this.finishReason !== undefined || this.blockReason !== undefined || this.unspecified
  }

  /** What is told at the end. */
  get details(): Record<string, unknown> {
    return {
      usage: this.usage,
      finishReason: this.finishReason ?? (this.unspecified ? "FINISH_REASON_UNSPECIFIED" : undefined),
      serviceTier: text(this.usage, "serviceTier") ?? this.headers["x-gemini-service-tier"],
      ...this.last,
    }
  }
}

/** The candidate of an answer or chunk. No more than one is ever asked for. */
export const candidateOf = (answer: unknown): unknown =>
  list(answer, "candidates").find((candidate) => (field(candidate, "index") ?? 0) === 0)
