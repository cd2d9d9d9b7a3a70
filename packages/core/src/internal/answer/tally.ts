import { type Clock } from "effect"
import { type Response } from "effect/ai"

import { isContent } from "../../ModelCall.ts"
import { type Part } from "../call/types.ts"

/** What is known of an answer from the parts that have come, and when the first content came. */
export class PartTally {
  finish: Response.FinishPartEncoded | undefined
  responseModel: string | undefined
  /** Content parts. */
  delivered = 0
  /** UTF-16 units of text, reasoning and tool parameters. */
  characters = 0
  /** Nanoseconds of the clock that is never set back. */
  firstPart: bigint | undefined
  private readonly clock: Clock.Clock

  constructor(clock: Clock.Clock) {
    this.clock = clock
  }

  add(parts: ReadonlyArray<Part>): void {
    for (const part of parts) {
      if (part.type === "finish") this.finish = part
      else if (part.type === "response-metadata") this.responseModel = part.modelId ?? this.responseModel
      else if (isContent(part)) {
        this.delivered++
        this.characters += charactersOf(part)
        this.firstPart ??= this.clock.monotonicTimeNanosUnsafe()
      }
    }
  }
}

const charactersOf = (part: Part): number => {
  switch (part.type) {
    case "text-delta":
    case "reasoning-delta":
    case "tool-params-delta":
      return part.delta.length
    // A stream has told the parameters of a call before.
    case "tool-call":
      return 0
    default:
      return "text" in part ? part.text.length : 0
  }
}
