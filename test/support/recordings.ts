/**
 * Recorded answers of real providers. They are no part of the repository; `HOLDFAST_FIXTURES` says where they are.
 */
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { Result } from "effect"
import { type Response } from "effect/ai"

export const folder =
  process.env["HOLDFAST_FIXTURES"] ?? fileURLToPath(new URL("../../../shared/fixtures", import.meta.url))

export interface Fixture {
  readonly file: string
  readonly provider: string
  readonly endpoint: string
  readonly stream: boolean
  readonly special: ReadonlyArray<string>
  readonly model: string | null
  readonly finish: string | null
  readonly text_chars: number
  readonly usage: Readonly<Record<string, unknown>>
}

// The images in the recordings were shortened in the middle, and are no base64 any more.
export const contents = (file: string): string =>
  readFileSync(`${folder}/${file}`, "utf8").replaceAll(/"result":\s*"[^"]*\.\.\.[^"]*"/g, '"result":"AAAA"')

export const isThere = existsSync(`${folder}/index.json`)

/** None where there is no folder of them. */
export const recordings: ReadonlyArray<Fixture> = isThere
  ? (JSON.parse(contents("index.json")) as { readonly fixtures: ReadonlyArray<Fixture> }).fixtures
  : []

/** The events of a stream, without what is no JSON. */
export const events = ({ file }: Fixture): ReadonlyArray<unknown> =>
  contents(file)
    .split("\n")
    .flatMap((line) => {
      const parsed = Result.try(() => JSON.parse(line) as unknown)
      return Result.isSuccess(parsed) ? [parsed.success] : []
    })

export const textOf = (parts: ReadonlyArray<Response.AllPartsEncoded>): string =>
  parts.map((part) => (part.type === "text" ? part.text : part.type === "text-delta" ? part.delta : "")).join("")

export const finishOf = (parts: ReadonlyArray<Response.AllPartsEncoded>) => parts.find((part) => part.type === "finish")

/** A count somewhere in what a provider reported. */
export const count = (usage: unknown, ...path: ReadonlyArray<string>): number | undefined =>
  path.reduce((value: unknown, key) => (value as Record<string, unknown> | undefined)?.[key], usage) as
    | number
    | undefined
