import * as Failure from "@holdfast/core/Failure"
/**
 * Files that hold the items of a batch, and those that hold its results.
 */
import * as BatchLines from "@holdfast/core/provider/BatchLines"
import { type Item, type Line } from "@holdfast/core/provider/BatchProvider"
import * as Rest from "@holdfast/core/provider/Rest"
import { Effect, type Stream, Stream as Streams } from "effect"
import { type AiError } from "effect/ai"

import { type BatchApi } from "./api.ts"
import { lineOf } from "./lines.ts"

/** Three days: a batch takes no longer than two, and a file that no batch was made of goes by itself. */
const expiry = { "expires_after[anchor]": "created_at", "expires_after[seconds]": "259200" }

interface Upload {
  readonly items: Stream.Stream<Item>
  readonly name: string
  readonly line: (item: Item) => unknown
}

/** Uploads the items, and gives the id of the file. */
export const upload = Effect.fnUntraced(function* (rest: Rest.Rest, api: BatchApi, { items, line, name }: Upload) {
  const path = "/files"
  const { pieces } = yield* BatchLines.write(items, { origin: rest.origin(path), limits: api.limits, line })
  const form = new FormData()
  form.append("purpose", "batch")
  for (const [field, value] of Object.entries(api.filesExpire ? expiry : {})) form.append(field, value)
  form.append("file", new File([...pieces], `${name}.jsonl`, { type: "application/jsonl" }))
  const answer = yield* rest.json({ method: "POST", path, body: form })
  return yield* Rest.required(rest, path, { answer, key: "id" })
})

const pathOf = (file: string): string => `/files/${encodeURIComponent(file)}/content`

/** The results in a file; none where there is no file. */
export const results = (rest: Rest.Rest, file: string | undefined): Stream.Stream<Line, AiError.AiError> => {
  if (file === undefined) return Streams.empty
  const path = pathOf(file)
  return Streams.map(BatchLines.read(rest.bytes(path)), lineOf(rest, path))
}

/** The ids of the items on some lines of a file, counted from 1. None where the server does not give it back. */
export const idsOf = (
  rest: Rest.Rest,
  file: string,
  wanted: ReadonlySet<number>,
): Effect.Effect<ReadonlyMap<number, string>, AiError.AiError> =>
  BatchLines.read(rest.bytes(pathOf(file))).pipe(
    Streams.runFold(
      () => ({ number: 0, ids: new Map<number, string>() }),
      (found, line) => {
        found.number++
        const id = line._tag === "Object" ? line.value["custom_id"] : undefined
        if (wanted.has(found.number) && typeof id === "string") found.ids.set(found.number, id)
        return found
      },
    ),
    Effect.map(({ ids }): ReadonlyMap<number, string> => ids),
    Effect.catchIf(
      (error) => Failure.classify(error).kind === "fatal",
      () => Effect.succeed<ReadonlyMap<number, string>>(new Map()),
    ),
  )

/** Removes a file, unless it has gone already. */
export const remove = (rest: Rest.Rest, file: string): Effect.Effect<void, AiError.AiError> =>
  Rest.ignoring([404], Effect.asVoid(rest.json({ method: "DELETE", path: `/files/${encodeURIComponent(file)}` })))
