/**
 * Files of Gemini's that hold the items of a batch, and those that hold its results.
 */
import * as BatchLines from "@holdfast/core/provider/BatchLines"
import { type Item, type Line } from "@holdfast/core/provider/BatchProvider"
import { field, record, text } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import * as Rest from "@holdfast/core/provider/Rest"
import { Effect, Stream } from "effect"
import { type AiError } from "effect/ai"

import { fromItem } from "../failure.ts"

/** What is needed to reach files. */
export interface Place {
  readonly rest: Rest.Rest
  readonly apiUrl: string
  readonly apiVersion: string
}

/** A file takes 2 GB, and no number of requests is written down. It is held in memory until it is taken. */
export const limits = { items: 100_000, bytes: 64_000_000 }

export const line = ({ body, id }: Item) => ({ key: id, request: body })

/** Uploads the items in two requests, as Google's resumable protocol wants it, and gives the name of the file. */
export const upload = Effect.fnUntraced(function* (
  { apiUrl, apiVersion, rest }: Place,
  items: Stream.Stream<Item>,
  name: string,
) {
  const path = `/upload/${apiVersion}/files`
  const origin = rest.origin(path)
  const { bytes, pieces } = yield* BatchLines.write(items, { origin, limits, line })
  const started = yield* rest.exchange({
    method: "POST",
    path,
    body: { file: { displayName: name, mimeType: type } },
    headers: {
      "x-goog-upload-protocol": "resumable",
      "x-goog-upload-command": "start",
      "x-goog-upload-header-content-length": String(bytes),
      "x-goog-upload-header-content-type": type,
    },
  })
  const address = started.headers["x-goog-upload-url"] ?? ""
  if (!isAt(apiUrl, address)) {
    return yield* Effect.fail(malformed(origin, "an address for the upload that is not at the API's host", false))
  }
  const answer = yield* rest.json({
    method: "POST",
    path: address,
    body: new Blob([...pieces], { type }),
    headers: { "x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0" },
  })
  return yield* Rest.required(rest, path, { answer: field(answer, "file") ?? answer, key: "name" })
})

const type = "application/jsonl"

/** Neither the prompts nor the key are for another host. */
const isAt = (apiUrl: string, address: string): boolean =>
  URL.canParse(address) && new URL(address).origin === new URL(apiUrl).origin

/** `files/abc`, and nothing that leads elsewhere. */
const isName = (file: string): boolean => /^files\/[\w-]+$/.test(file)

/** The results in a file. */
export const results = ({ apiVersion, rest }: Place, file: string): Stream.Stream<Line, AiError.AiError> => {
  const path = `/download/${apiVersion}/${file}:download?alt=media`
  const origin = rest.origin(path)
  if (!isName(file)) return Stream.fail(malformed(origin, "a file of results without a proper name", false))
  return Stream.map(
    BatchLines.read(rest.bytes(path)),
    BatchLines.telling(origin, "key", (id, value) => outcomeOf(rest, path, { id, value })),
  )
}

interface Outcome {
  readonly id: string
  readonly value: unknown
}

const outcomeOf = (rest: Rest.Rest, path: string, { id, value }: Outcome): Line => {
  const response = field(value, "response")
  const error = field(value, "error")
  if (record(response) !== undefined) return { _tag: "Answered", id, body: response }
  if (text(error, "status") === "CANCELLED" || field(error, "code") === 1) return { _tag: "Canceled", id }
  return {
    _tag: "Refused",
    id,
    error:
      record(error) === undefined
        ? malformed(rest.origin(path), "a line without an answer", true)
        : fromItem(rest.origin(path), error),
  }
}

/** Removes a file, unless it has gone already. */
export const remove = ({ apiVersion, rest }: Place, file: string): Effect.Effect<void, AiError.AiError> =>
  isName(file)
    ? Rest.ignoring([403, 404], rest.json({ method: "DELETE", path: `/${apiVersion}/${file}` }))
    : Effect.void
