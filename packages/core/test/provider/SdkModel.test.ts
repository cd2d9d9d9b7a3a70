import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import { LanguageModel, type Response } from "effect/ai"

import { malformed } from "../../src/provider/ProviderError.ts"
import { type ProviderRequest, UnsupportedOption } from "../../src/provider/ProviderModel.ts"
import * as SdkModel from "../../src/provider/SdkModel.ts"
import { origin, request } from "../scripted.ts"

const asked: ProviderRequest = { options: request("generate").options, settings: {}, jsonSchema: undefined }

const call = (text: string): Response.ToolCallPartEncoded => ({ type: "tool-call", id: text, name: "t", params: 1 })

/** A model whose answers are a tool call with all that was known of the request. */
const echo = () => {
  const seen = { settings: 0, sent: [] as Array<string> }
  const model = SdkModel.make({
    provider: "mine",
    model: "m",
    codecTransformer: LanguageModel.defaultCodecTransformer,
    settings: Effect.sync(() => ({ maxOutputTokens: ++seen.settings })),
    settingNames: {
      maxOutputTokens: "maxOutputTokens",
      temperature: { unsupported: "leave it out" },
      topP: { unsupported: "leave it out" },
      stop: "maxOutputTokens",
      seed: { unsupported: "leave it out" },
    },
    prepare: ({ settings }, { maxOutputTokens }) =>
      (Array.isArray(maxOutputTokens) || maxOutputTokens > 2) && settings.maxOutputTokens === undefined
        ? Effect.fail(
            new UnsupportedOption({ provider: "mine", model: "m", option: "maxOutputTokens", explanation: "no" }),
          )
        : Effect.succeed({
            body: `body ${maxOutputTokens}`,
            state: ({ id }) => `state of ${id}`,
            canonical: (part) => Effect.succeed({ ...part, params: 2 }),
          }),
    once: (body: string) => {
      seen.sent.push(body)
      return Effect.succeed({ headers: { id: "whole" }, parts: "answer" })
    },
    open: (body) => {
      seen.sent.push(body)
      return Effect.succeed({ headers: { id: "stream" }, parts: Stream.make("event") })
    },
    answerParts: (answer, state: string) =>
      state === ""
        ? Result.fail(malformed(origin, "no", false))
        : Result.succeed([call(`${String(answer)}, ${state}`)]),
    reader: (state) => ({
      read: (event, out) => {
        out.push(call(`${String(event)}, ${state}`))
        return undefined
      },
      end: () => undefined,
      isComplete: () => true,
    }),
  })
  return { model, seen }
}

describe("settings of a request", () => {
  it.effect("go before the model's own, and what is undefined does not", () =>
    Effect.gen(function* () {
      const { model, seen } = echo()
      yield* model.generate({ ...asked, settings: { maxOutputTokens: 9 } })
      yield* model.stream({ ...asked, settings: { maxOutputTokens: undefined, temperature: undefined } })
      assert.deepStrictEqual(seen.sent, ["body 9", "body 2"])
    }),
  )

  it.effect("are refused by their neutral names", () =>
    Effect.gen(function* () {
      const { model, seen } = echo()
      for (const [settings, option] of [
        [{ temperature: 1 }, "temperature"],
        [{ seed: 0 }, "seed"],
        // What the model's own settings call otherwise.
        [{ stop: ["."] }, "stop"],
      ] as const) {
        for (const refused of [
          yield* Effect.flip(model.generate({ ...asked, settings })),
          yield* Effect.flip(model.stream({ ...asked, settings })),
        ]) {
          assert.instanceOf(refused, UnsupportedOption)
          assert.strictEqual(refused.option, option)
        }
      }
      assert.deepStrictEqual(seen.sent, [])
    }),
  )
})

describe("a model of an SDK", () => {
  it.effect("reads the settings once for every request, and the answer with its headers", () =>
    Effect.gen(function* () {
      const { model, seen } = echo()
      const whole = yield* model.generate(asked)
      assert.deepStrictEqual(whole, {
        headers: { id: "whole" },
        parts: [{ ...call("answer, state of whole"), params: 2 }],
      })
      const { headers, parts } = yield* model.stream(asked)
      assert.deepStrictEqual(headers, { id: "stream" })
      assert.deepStrictEqual(yield* Stream.runCollect(parts), [{ ...call("event, state of stream"), params: 2 }])
      assert.deepStrictEqual(seen, { settings: 2, sent: ["body 1", "body 2"] })
    }),
  )

  it.effect("sends nothing that it cannot take", () =>
    Effect.gen(function* () {
      const { model, seen } = echo()
      yield* model.settings!
      yield* model.settings!
      for (const attempt of [Effect.asVoid(model.generate(asked)), Effect.asVoid(model.stream(asked))]) {
        const error = yield* Effect.flip(Effect.scoped(attempt))
        assert.strictEqual(error._tag, "UnsupportedOption")
      }
      assert.deepStrictEqual(seen.sent, [])
    }),
  )
})
