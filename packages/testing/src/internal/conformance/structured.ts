import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { LanguageModel } from "effect/ai"

import * as Reply from "../../Reply.ts"
import { fit } from "./fit.ts"
import { schemaInPrompt } from "./schemaInPrompt.ts"
import { type Check, check, meaningOf } from "./trial.ts"
import { wireOf } from "./wire.ts"

const Place = Schema.Struct({
  city: Schema.String,
  founded: Schema.DateFromString,
  nickname: Schema.optionalKey(Schema.String),
  mayor: Schema.optionalKey(Schema.String),
  districts: Schema.Record(Schema.String, Schema.Int),
  kind: Schema.Literals(["capital", "town"]),
  neighbours: Schema.Array(Schema.Struct({ name: Schema.String, distance: Schema.NullOr(Schema.Number) })),
})

const oslo: typeof Place.Type = {
  city: "Oslo",
  founded: new Date("1048-01-01T00:00:00.000Z"),
  nickname: "Tiger City",
  districts: { Frogner: 59_000, Grünerløkka: 62_000 },
  kind: "capital",
  neighbours: [
    { name: "Bærum", distance: 15.5 },
    { name: "Asker", distance: null },
  ],
}

const encoded = {
  ...oslo,
  founded: "1048-01-01T00:00:00.000Z",
}

const ask = LanguageModel.generateObject({ prompt: "Tell me about Oslo", schema: Place, objectName: "place" })

const decodes = check("decodes a structured answer with optional keys, dates and records", (trial) =>
  Effect.gen(function* () {
    const wire = wireOf(trial.dialect)
    yield* trial.emulator.respond(trial.dialect, ({ body }) => {
      const schema = wire.schema(body) ?? schemaInPrompt(body, wire)
      return Reply.json(fit(encoded, schema, schema))
    })
    const { value } = yield* trial.run(ask)
    assert.deepStrictEqual(value, oslo)
    const [body] = yield* trial.bodies
    assert.strictEqual(wire.schema(body) !== undefined, trial.capabilities.jsonSchema)
  }),
)

const misfit = check("says when a structured answer does not fit, with what it cost", (trial) =>
  Effect.gen(function* () {
    yield* trial.script(
      Reply.json({ city: 3 }, { usage: { input: 10, output: 5 } }),
      Reply.text('{"city":"Os', { finish: "length" }),
    )
    for (const _ of [1, 2]) {
      const error = yield* Effect.flip(trial.run(ask))
      assert.deepStrictEqual(meaningOf(error), ["StructuredOutputError", "undecodable"])
    }
    assert.lengthOf(yield* trial.bodies, 2)
  }),
)

/** Structured answers. */
export const structured: ReadonlyArray<Check> = [decodes, misfit]
