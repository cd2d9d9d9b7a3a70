/**
 * The lines of results, which OpenAI, Mistral and OpenRouter write alike.
 */
import { isError } from "@holdfast/core/provider/AnswerBody"
import { type Line as Read, telling } from "@holdfast/core/provider/BatchLines"
import { type Line } from "@holdfast/core/provider/BatchProvider"
import { field, record, text } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { type Rest } from "@holdfast/core/provider/Rest"
import { Predicate } from "effect"

import { fromItem } from "../failure.ts"

/** What a line says of its item. */
export const lineOf = (rest: Rest, path: string): ((line: Read) => Line) =>
  telling(rest.origin(path), "custom_id", (id, line) =>
    outcomeOf(rest, path, { id, response: field(line, "response"), error: field(line, "error") }),
  )

const codes: Readonly<Record<string, "Expired" | "Canceled">> = {
  batch_expired: "Expired",
  batch_cancelled: "Canceled",
  batch_canceled: "Canceled",
}

interface Outcome {
  readonly id: string
  readonly response: unknown
  readonly error: unknown
}

const outcomeOf = (rest: Rest, path: string, { error, id, response }: Outcome): Line => {
  const origin = rest.origin(path)
  const body = field(response, "body")
  // Mistral and OpenRouter may leave the status out.
  const status = field(response, "status_code") ?? field(response, "status")
  const ended = codes[text(error, "code") ?? text(error, "type") ?? ""]
  if (ended !== undefined) return { _tag: ended, id }
  if (Predicate.isNumber(status) && (status < 200 || status > 299)) {
    return { _tag: "Refused", id, error: fromItem(origin, isError(error) ? error : body, status) }
  }
  if (isError(error)) return { _tag: "Refused", id, error: fromItem(origin, error, undefined) }
  if (record(body) === undefined) {
    return { _tag: "Refused", id, error: malformed(origin, "a line without an answer", true) }
  }
  return isError(field(body, "error"))
    ? { _tag: "Refused", id, error: rest.reported(path, { body, plain: undefined, headers: {}, inStream: false }) }
    : { _tag: "Answered", id, body }
}
