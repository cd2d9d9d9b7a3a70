import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"
import { type EventReader, mapEvents } from "@holdfast/core/provider/EventReader"
import { Effect, Result, Stream } from "effect"
import { type Response } from "effect/ai"

import { common, type Dialect } from "../src/internal/chat/dialect.ts"
import { completionParts, Reading as ChatReading } from "../src/internal/chat/parts.ts"
import { ChatReader } from "../src/internal/chat/stream.ts"
import { answerParts, Reading as ResponsesReading } from "../src/internal/responses/parts.ts"
import { ResponsesReader } from "../src/internal/responses/stream.ts"
import { origin } from "./requests.ts"

const folder =
  process.env["HOLDFAST_FIXTURES"] ?? fileURLToPath(new URL("../../../../shared/fixtures", import.meta.url))

interface Fixture {
  readonly file: string
  readonly provider: string
  readonly endpoint: string
  readonly stream: boolean
  readonly special: ReadonlyArray<string>
  readonly finish: string | null
  readonly text_chars: number
  readonly usage: Readonly<Record<string, unknown>>
}

// The images in the recordings were shortened in the middle, and are no base64 any more.
const read = (file: string): string =>
  readFileSync(`${folder}/${file}`, "utf8").replaceAll(/"result":\s*"[^"]*\.\.\.[^"]*"/g, '"result":"AAAA"')

const recorded: ReadonlyArray<Fixture> = existsSync(folder)
  ? (JSON.parse(read("index.json")) as { fixtures: ReadonlyArray<Fixture> }).fixtures.filter(({ endpoint }) =>
      ["responses", "chat/completions"].includes(endpoint),
    )
  : []

const xai: Dialect = { ...common, reasoningOutsideCompletion: true }

const dialectOf = ({ file }: Fixture): Dialect => (file.includes("xai") ? xai : common)

const events = (fixture: Fixture): ReadonlyArray<unknown> =>
  read(fixture.file)
    .split("\n")
    .flatMap((line) => {
      const parsed = Result.try(() => JSON.parse(line) as unknown)
      return Result.isSuccess(parsed) ? [parsed.success] : []
    })

const replay = (fixture: Fixture) => {
  if (fixture.stream) {
    const reader: EventReader =
      fixture.endpoint === "responses"
        ? new ResponsesReader(new ResponsesReading(origin, "openai", new Map()))
        : new ChatReader(new ChatReading(origin, fixture.provider, dialectOf(fixture)))
    return Stream.runCollect(mapEvents(Stream.fromIterable(events(fixture)), reader, Effect.succeed))
  }
  const body: unknown = JSON.parse(read(fixture.file))
  return Effect.fromResult<ReadonlyArray<Response.AllPartsEncoded>, unknown>(
    fixture.endpoint === "responses"
      ? answerParts(body, new ResponsesReading(origin, "openai", new Map()))
      : completionParts(body, new ChatReading(origin, fixture.provider, dialectOf(fixture))),
  )
}

const textOf = (parts: ReadonlyArray<Response.AllPartsEncoded>): string =>
  parts.map((part) => (part.type === "text" ? part.text : part.type === "text-delta" ? part.delta : "")).join("")

const finishOf = (parts: ReadonlyArray<Response.AllPartsEncoded>) => parts.find((part) => part.type === "finish")

const reasons: Readonly<Record<string, string>> = { stop: "stop", completed: "stop", tool_calls: "tool-calls" }

const number = (usage: unknown, ...path: ReadonlyArray<string>): number | undefined =>
  path.reduce((value: unknown, key) => (value as Record<string, unknown> | undefined)?.[key], usage) as
    | number
    | undefined

const whole = recorded.filter(({ special }) => !special.some((mark) => mark === "error" || mark === "no usage"))

describe.skipIf(recorded.length === 0)("recorded answers", () => {
  it.effect.each(whole)("$file", (fixture) =>
    Effect.gen(function* () {
      const parts = yield* replay(fixture)
      assert.strictEqual(textOf(parts).length, fixture.text_chars)
      const finish = finishOf(parts)
      assert.isDefined(finish)
      const calls = parts.filter((part) => part.type === "tool-call")
      const expected = calls.length > 0 ? "tool-calls" : reasons[fixture.finish ?? ""]
      assert.strictEqual(finish?.reason, expected)
      if (fixture.special.includes("tool_call")) assert.isAtLeast(calls.length, 1)
      const { usage } = fixture
      const prefix = fixture.endpoint === "responses" ? ["input", "output"] : ["prompt", "completion"]
      const reasoning = number(usage, `${prefix[1]}_tokens_details`, "reasoning_tokens")
      const output = number(usage, `${prefix[1]}_tokens`) ?? 0
      assert.deepStrictEqual(
        [
          finish?.usage.inputTokens.total,
          finish?.usage.inputTokens.cacheRead,
          finish?.usage.outputTokens.reasoning,
          finish?.usage.outputTokens.total,
        ],
        [
          number(usage, `${prefix[0]}_tokens`),
          number(usage, `${prefix[0]}_tokens_details`, "cached_tokens"),
          reasoning,
          fixture.file.includes("xai") ? number(usage, "total_tokens")! - number(usage, "prompt_tokens")! : output,
        ],
      )
      const special = fixture.special.includes("thinking") && fixture.endpoint === "chat/completions"
      if (special) assert.isTrue(parts.some((part) => part.type === "reasoning" || part.type === "reasoning-delta"))
      if (fixture.special.includes("image_gen")) assert.isTrue(parts.some((part) => part.type === "file"))
    }),
  )

  it.effect("an exhausted quota inside a stream is fatal", () =>
    Effect.gen(function* () {
      const fixture = recorded.find(({ file }) => file.includes("openai-error.1"))!
      const error = yield* Effect.flip(replay(fixture))
      assert.strictEqual((error as { reason: { _tag: string } }).reason._tag, "QuotaExhaustedError")
    }),
  )

  it.effect("a complaint about a parameter names it", () =>
    Effect.gen(function* () {
      const fixture = recorded.find(({ file }) => file.includes("temperature-error"))!
      const error = yield* Effect.flip(replay(fixture))
      const { reason } = error as { reason: { _tag: string; parameter?: string } }
      assert.deepStrictEqual([reason._tag, reason.parameter], ["InvalidRequestError", "temperature"])
    }),
  )

  it.effect("a wrapped parallel call is a call like any other", () =>
    Effect.gen(function* () {
      const fixture = recorded.find(({ file }) => file.includes("parallel-tool-call"))!
      const parts = yield* replay(fixture)
      assert.isTrue(parts.some((part) => part.type === "tool-call" && part.name === "parallel"))
    }),
  )
})
