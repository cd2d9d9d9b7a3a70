import { DateTime, Duration, Schema } from "effect"
import { AiError } from "effect/ai"

import * as PolicyError from "../../PolicyError.ts"

/**
 * An uploaded file that has expired at its vendor, or will before it is needed. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class FileExpired
  extends Schema.TaggedError<FileExpired>("@holdfast/core/FileExpired")("FileExpired", {
    provider: Schema.String,
    /** The vendor's id of it. */
    file: Schema.String,
    /** Unix milliseconds. */
    expiresAt: Schema.Finite,
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  override get message(): string {
    const time = DateTime.formatIso(DateTime.makeUnsafe(this.expiresAt))
    return `${this.file} of ${this.provider} expires at ${time}; upload it again`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InvalidRequestError({ parameter: this.file, description: this.message, metadata })
  }
}

/**
 * A file or a stream that cannot be read, or has another size than it was said to have.
 *
 * @since 0.1.0
 * @category errors
 */
export class FileUnreadable extends Schema.TaggedError<FileUnreadable>("@holdfast/core/FileUnreadable")(
  "FileUnreadable",
  { file: Schema.String, explanation: Schema.String },
) {
  override get message(): string {
    return `${this.file}: ${this.explanation}`
  }
}

/**
 * The vendor was not done with a file in time. It is still there.
 *
 * @since 0.1.0
 * @category errors
 */
export class FileNotReady extends Schema.TaggedError<FileNotReady>("@holdfast/core/FileNotReady")("FileNotReady", {
  provider: Schema.String,
  file: Schema.String,
  waited: Schema.DurationFromMillis,
}) {
  override get message(): string {
    return `${this.provider} was not done with ${this.file} after ${Duration.format(this.waited)}`
  }
}

/**
 * The vendor took a file and could not make anything of it.
 *
 * @since 0.1.0
 * @category errors
 */
export class FileRejected extends Schema.TaggedError<FileRejected>("@holdfast/core/FileRejected")("FileRejected", {
  provider: Schema.String,
  file: Schema.String,
  explanation: Schema.String,
}) {
  override get message(): string {
    return `${this.provider} cannot use ${this.file}: ${this.explanation}`
  }
}
