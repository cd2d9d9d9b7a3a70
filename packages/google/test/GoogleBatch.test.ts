import { assert, describe, it } from "@effect/vitest"
import * as BatchConformance from "@holdfast/testing/BatchConformance"
import { Effect, Redacted } from "effect"

import * as GoogleBatch from "../src/GoogleBatch.ts"
import * as GoogleClient from "../src/GoogleClient.ts"
import * as GoogleLanguageModel from "../src/GoogleLanguageModel.ts"

BatchConformance.suite({
  name: "Gemini",
  vendor: "google",
  dialect: "google",
  batch: GoogleBatch.model("gemini-3.8-flash"),
  live: GoogleLanguageModel.make("gemini-3.8-flash"),
  layer: (apiUrl) => GoogleClient.layer({ apiKey: Redacted.make("sk-test-key"), apiUrl }),
  capabilities: { named: true, failsWhole: false, cancels: true, partial: false, lines: true },
})

describe("a batch of Gemini's", () => {
  it.live("is refused at Vertex AI", () =>
    Effect.gen(function* () {
      const token = Effect.succeed(Redacted.make("token"))
      const error = yield* Effect.flip(
        Effect.provide(
          GoogleBatch.model("gemini-3.8-flash"),
          GoogleClient.layerVertex({ project: "project-1", token }),
        ),
      )
      assert.strictEqual(error._tag, "UnsupportedOption")
    }),
  )
})
