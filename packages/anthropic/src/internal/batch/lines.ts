/**
 * The lines of Anthropic's results.
 */
import { type Line as Read, telling } from "@holdfast/core/provider/BatchLines"
import { type Line } from "@holdfast/core/provider/BatchProvider"
import { field, record, text } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { type Rest } from "@holdfast/core/provider/Rest"

import { fromItem } from "../failure.ts"

/** What a line says of its item. */
export const lineOf = (rest: Rest, path: string): ((line: Read) => Line) => {
  const origin = rest.origin(path)
  return telling(origin, "custom_id", (id, line) => {
    const result = field(line, "result")
    const message = field(result, "message")
    switch (text(result, "type")) {
      case "succeeded":
        if (record(message) !== undefined && text(message, "type") !== "error") {
          return { _tag: "Answered", id, body: message }
        }
        return { _tag: "Refused", id, error: malformed(origin, "a line without an answer", true) }
      case "errored":
        return { _tag: "Refused", id, error: fromItem(origin, field(result, "error")) }
      case "canceled":
        return { _tag: "Canceled", id }
      case "expired":
        return { _tag: "Expired", id }
      default:
        return { _tag: "Refused", id, error: malformed(origin, "a line without a result", true) }
    }
  })
}
