import { field } from "@holdfast/core/provider/Json"
import { malformed, type Origin } from "@holdfast/core/provider/ProviderError"
import { Predicate, Result } from "effect"
import { type AiError } from "effect/ai"

import { fromErrorObject } from "../failure.ts"

/** A body of status 200 that reports an error, or that has not what was asked for. */
export const checked = <A>(
  origin: Origin,
  body: unknown,
  read: (body: unknown) => A | string,
): Result.Result<Exclude<A, string>, AiError.AiError> => {
  const error = field(body, "error")
  if (Predicate.isNotNullish(error)) return Result.fail(fromErrorObject(origin, error, false))
  const answer = read(body)
  return Predicate.isString(answer)
    ? Result.fail(malformed(origin, answer, true))
    : Result.succeed(answer as Exclude<A, string>)
}

const extensions: Readonly<Record<string, string>> = {
  "audio/mpeg": "mp3",
  "audio/x-m4a": "m4a",
  "audio/mp4": "m4a",
  "audio/x-wav": "wav",
  "audio/vnd.wave": "wav",
  "audio/opus": "ogg",
  "image/jpeg": "jpg",
}

/** A file as the SDK takes it. OpenAI knows a format by the end of its name. */
export const fileOf = (name: string, media: { readonly mediaType: string; readonly data: Uint8Array }): File => {
  const type = media.mediaType.split(";")[0]?.trim().toLowerCase() ?? ""
  const extension = extensions[type] ?? type.replace(/^.*[/.+]/, "")
  // Node's own types want a buffer that is not shared.
  return new File([Uint8Array.from(media.data)], `${name}.${extension}`, { type })
}
