import { assert, describe, it } from "@effect/vitest"
import { ModelRequest, type TokenCounter } from "@holdfast/core"
import { Effect } from "effect"

import * as Estimate from "../src/Estimate.ts"

/** Counts so many tokens, and how often it was asked. */
const counting = (count: TokenCounter.TokenCount) => {
  const asked: Array<unknown> = []
  const counter: TokenCounter.Service = {
    provider: "google",
    model: "gemini-3.8-flash",
    count: (request) =>
      Effect.sync(() => {
        asked.push(request)
        return count
      }),
  }
  return { asked, counter }
}

const counted = { _tag: "Counted", tokens: 7_000 } as const
const target = { provider: "gcp.gemini", model: "gemini-3.8-flash", maxOutputTokens: 10 }

const film = ModelRequest.make("generate", [
  {
    role: "user",
    content: [
      { type: "file", mediaType: "video/mp4", data: new URL("https://example.com/film.mp4") },
      { type: "text", text: "What happens?" },
    ],
  },
])

describe("Estimate.makeCounted", () => {
  it.effect("asks about files whose tokens are a guess, and takes the count for certain", () =>
    Effect.gen(function* () {
      const { asked, counter } = counting(counted)
      const { estimate } = yield* Estimate.makeCounted([counter])
      const { audioInput, doubts, imageInput, input, isText, output } = yield* estimate(film, target)
      assert.deepStrictEqual([input + audioInput + imageInput, output, doubts, isText], [7_000, 10, [], false])
      assert.lengthOf(asked, 1)
    }),
  )

  it.effect("asks about long texts and no others, and for its own model and no other", () =>
    Effect.gen(function* () {
      const { asked, counter } = counting(counted)
      const { estimate } = yield* Estimate.makeCounted([counter], { from: 1_000 })
      const short = ModelRequest.make("generate", "Why do ships float?")
      const long = ModelRequest.make("generate", "Why do ships float? ".repeat(1_000))
      assert.isBelow((yield* estimate(short, target)).input, 100)
      assert.isAbove((yield* estimate(long, { ...target, model: "gemini-2.5-pro" })).input, 4_000)
      assert.lengthOf(asked, 0)
      assert.strictEqual((yield* estimate(long, target)).input, 7_000)
    }),
  )

  it.effect("keeps its estimate where there is no count", () =>
    Effect.gen(function* () {
      const plain = yield* (yield* Estimate.make).estimate(film, target)
      const { counter } = counting({ _tag: "Estimated", tokens: 1, because: "deadline" })
      const { estimate } = yield* Estimate.makeCounted([counter])
      assert.deepStrictEqual(yield* estimate(film, target), plain)
    }),
  )

  it.effect("prices what was counted as the sounds and pictures that are there", () =>
    Effect.gen(function* () {
      const { counter } = counting(counted)
      const { estimate } = yield* Estimate.makeCounted([counter])
      const sound = ModelRequest.make("generate", [
        {
          role: "user",
          content: [
            { type: "file", mediaType: "audio/mpeg", data: new Uint8Array(100_000) },
            { type: "text", text: "Who speaks?" },
          ],
        },
      ])
      const { audioInput, imageInput, input } = yield* estimate(sound, target)
      assert.strictEqual(audioInput + input, 7_000)
      assert.strictEqual(imageInput, 0)
      assert.isAbove(audioInput, 6_900)
    }),
  )
})
