import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"

import { UnsupportedOption } from "../../src/provider/ProviderModel.ts"
import * as SdkMediaModel from "../../src/provider/SdkMediaModel.ts"

const client: SdkMediaModel.Client = {
  provider: "mine",
  account: "first",
  pricedAs: (model) => ({ provider: "openai", model }),
}

/** A model that draws what it was sent. */
const drawing = (pricedAs?: SdkMediaModel.Client["pricedAs"]) => {
  const seen = { settings: 0, sent: [] as Array<unknown> }
  const model = SdkMediaModel.make<"images", { readonly run: number }, object>({
    client,
    model: "m",
    pricedAs: pricedAs?.("m"),
    settings: Effect.sync(() => ({ run: ++seen.settings })),
    prepare: ({ request, settings }, refusals) => {
      if (request.count === 2) refusals.option("count", "one alone")
      if (request.count === 2) refusals.option("prompt", "never told")
      return { prompt: request.prompt, run: settings.run, bytes: new Uint8Array([1]) }
    },
    send: (body, { settings }) => {
      seen.sent.push(body)
      const reply = Effect.succeed({ headers: { id: "1" }, parts: "AQ==" })
      return SdkMediaModel.reading(reply, (data) =>
        Result.succeed({
          content: [{ type: "image", mediaType: "image/png", data: String(data) }],
          usage: { images: settings.run },
        }),
      )
    },
  })
  return { model, seen }
}

describe("SdkMediaModel", () => {
  it.effect("reads its settings once, mends the body and reads the answer", () =>
    Effect.gen(function* () {
      const { model, seen } = drawing()
      const reply = yield* Effect.scoped(model.ask({ prompt: "cut \ud83d" }))
      assert.deepStrictEqual(seen, {
        settings: 1,
        sent: [{ prompt: "cut \ufffd", run: 1, bytes: new Uint8Array([1]) }],
      })
      assert.deepStrictEqual(reply, {
        headers: { id: "1" },
        parts: { content: [{ type: "image", mediaType: "image/png", data: "AQ==" }], usage: { images: 1 } },
      })
    }),
  )

  it.effect("sends nothing where an option is refused, and tells the first reason", () =>
    Effect.gen(function* () {
      const { model, seen } = drawing()
      const refused = yield* Effect.flip(Effect.scoped(model.ask({ prompt: "two", count: 2 })))
      assert.deepStrictEqual(
        refused,
        new UnsupportedOption({ provider: "mine", model: "m", option: "count", explanation: "one alone" }),
      )
      assert.lengthOf(seen.sent, 0)
    }),
  )

  it("has the names, the account and the price of its client, or a price of its own", () => {
    const { account, model, pricedAs, provider } = drawing().model
    assert.deepStrictEqual(
      { account, model, pricedAs, provider },
      { provider: "mine", model: "m", account: "first", pricedAs: { provider: "openai", model: "m" } },
    )
    const own = { provider: "openai", model: "other" }
    assert.deepStrictEqual(drawing(() => own).model.pricedAs, own)
  })
})
