import { type Clock } from "effect"
import { type Response } from "effect/ai"

import { type Kind, type Operation, type Part } from "../../Operation.ts"

/** What is known of an answer from the parts that have come, and when the first content came. */
export class PartTally {
  finish: Response.FinishPartEncoded | undefined
  responseModel: string | undefined
  responseId: string | undefined
  /** Content parts. */
  delivered = 0
  /** As the operation measures it: UTF-16 units of text, reasoning and tool parameters of a chat. */
  size = 0
  /** Nanoseconds of the clock that is never set back. */
  firstPart: bigint | undefined
  /** The same of the first part of any kind. */
  firstChunk: bigint | undefined
  private readonly operation: Operation<Kind>
  private readonly clock: Clock.Clock

  constructor(operation: Operation<Kind>, clock: Clock.Clock) {
    this.operation = operation
    this.clock = clock
  }

  add(parts: ReadonlyArray<Part>): void {
    // To read a clock costs as much as all else here, so it is read once for what comes at once.
    const now = this.firstPart === undefined && parts.length > 0 ? this.clock.monotonicTimeNanosUnsafe() : undefined
    this.firstChunk ??= now
    for (const part of parts) {
      if (part.type === "finish") this.finish = part
      else if (part.type === "response-metadata") {
        this.responseModel = part.modelId ?? this.responseModel
        if ("id" in part) this.responseId = part.id ?? this.responseId
      } else if (this.operation.isContent(part)) {
        this.delivered++
        this.size += this.operation.sizeOf(part)
        this.firstPart ??= now
      }
    }
  }
}
