/**
 * Whether what a schema describes is what comes back.
 */
import { assert } from "@effect/vitest"
import * as PolicyError from "@holdfast/core/PolicyError"
import { field, list } from "@holdfast/core/provider/Json"
import { strictProblem } from "@holdfast/core/provider/JsonSchemas"
import { Effect, Layer, Predicate, Redacted, Schema } from "effect"
import { AiError, LanguageModel, Prompt, Tool, Toolkit } from "effect/ai"

import * as Emulator from "../../Emulator.ts"
import * as Reply from "../../Reply.ts"
import { type Feature } from "./features.ts"
import { accepts, fit } from "./fit.ts"
import { schemaInPrompt } from "./schemaInPrompt.ts"
import { secret, type Tested } from "./trial.ts"
import { type Wire, wireOf } from "./wire.ts"

/** Where a schema is used. */
export type Place = "answer" | "tool"

/** Whether a feature works, or what is said before a request. */
export interface Outcome {
  readonly feature: string
  readonly place: Place
  /** `undefined` if it works. */
  readonly refused: string | undefined
}

interface Given<R> {
  readonly subject: Pick<Tested<R>, "dialect" | "model" | "client">
  readonly feature: Feature
  readonly place: Place
}

const inAll = <R>({ client, dialect, model }: Given<R>["subject"], emulator: Emulator.Emulator["Service"]) =>
  Layer.provide(model, client({ baseUrl: emulator.baseUrl(dialect), apiKey: Redacted.make(secret) }))

/** The schema of a tool, whichever vendor's words it is in. */
const schemaOfTool = (body: unknown): unknown => {
  const [tool] = list(body, "tools")
  const [declaration] = list(tool, "functionDeclarations")
  const described = declaration ?? field(tool, "function") ?? tool
  return field(described, "parametersJsonSchema") ?? field(described, "input_schema") ?? field(described, "parameters")
}

const isStrict = (body: unknown): boolean => JSON.stringify(body).includes('"strict":true')

/** What the model writes, held to what it was told. */
const written = (body: unknown, json: unknown, { feature, place }: Given<never>, wire: Wire): unknown => {
  const schema = place === "tool" ? schemaOfTool(body) : (wire.schema(body) ?? schemaInPrompt(body, wire))
  if (isStrict(body)) assert.isUndefined(strictProblem(schema as never), feature.name)
  const fitted = fit({ it: json }, schema, schema)
  const plain: unknown = JSON.parse(JSON.stringify(fitted))
  assert.isTrue(
    accepts(plain, schema, schema),
    `${feature.name}: ${JSON.stringify(plain)} in ${JSON.stringify(schema)}`,
  )
  return plain
}

const withoutAbsent = (value: unknown): unknown =>
  Predicate.isReadonlyObject(value) && value["it"] === undefined ? {} : value

const asked = <R>(given: Given<R>, value: unknown, json: unknown) =>
  Effect.gen(function* () {
    const { feature, place, subject } = given
    const emulator = yield* Emulator.Emulator
    const wire = wireOf(subject.dialect)
    const bodies: Array<string> = []
    yield* emulator.respond(subject.dialect, ({ body }) => {
      bodies.push(JSON.stringify(body))
      if (bodies.length > 1) return Reply.text("fine")
      const answer = written(body, json, given as never, wire)
      return place === "answer" ? Reply.json(answer) : Reply.answer({ toolCalls: [{ name: "probe", params: answer }] })
    })
    if (place === "answer") {
      const found = yield* LanguageModel.generateObject({ prompt: "it?", schema: feature.schema as never })
      assert.deepStrictEqual(withoutAbsent(found.value), withoutAbsent({ it: value }), feature.name)
      return
    }
    yield* called(feature, value)
    if (value === undefined) return
    // The call and its result go back as JSON.
    const encode = Schema.encodeUnknownEffect(Schema.toCodecJson(feature.schema))
    const expected = JSON.stringify(yield* encode({ it: value }))
    assert.isAbove(bodies[1]?.replaceAll("\\", "").split(expected).length ?? 0, 1, `${feature.name}: ${expected}`)
  })

/** A tool that takes a value and gives it back. */
const called = (feature: Feature, value: unknown) =>
  Effect.gen(function* () {
    const kit = Toolkit.make(
      Tool.make("probe", { parameters: feature.schema as never, success: feature.schema as never }),
    )
    const seen: Array<unknown> = []
    const handlers = kit.toLayer({
      probe: (params: unknown) => Effect.sync(() => (seen.push(params), params)),
    } as never)
    const question = { prompt: "it?", toolkit: kit }
    const { content } = yield* Effect.provide(LanguageModel.generateText(question), Layer.fresh(handlers))
    assert.deepStrictEqual(seen.map(withoutAbsent), [withoutAbsent({ it: value })], feature.name)
    const history = Prompt.concat(Prompt.make("it?"), Prompt.fromResponseParts([...content]))
    yield* LanguageModel.generateText({ prompt: history, toolkit: kit, disableToolCallResolution: true })
  })

const refusal = (error: unknown): string | undefined => {
  const unfolded: unknown = PolicyError.unfold(error)
  return AiError.isAiError(unfolded) && unfolded.reason._tag === "UnsupportedSchemaError" ? unfolded.message : undefined
}

/** Tries all values of a feature in a place. */
export const tried = <R>(given: Given<R>): Effect.Effect<Outcome, unknown, Emulator.Emulator> =>
  Effect.gen(function* () {
    const { feature, place, subject } = given
    const emulator = yield* Emulator.Emulator
    const before = (yield* emulator.requests).length
    const all = Effect.forEach(feature.values, ([value, json]) => asked(given, value, json), { discard: true })
    const end = yield* Effect.result(Effect.provide(all, inAll(subject, emulator)))
    if (end._tag === "Success") return { feature: feature.name, place, refused: undefined }
    const refused = refusal(end.failure)
    if (refused === undefined) return yield* Effect.fail(end.failure)
    assert.lengthOf(yield* emulator.requests, before, feature.name)
    return { feature: feature.name, place, refused }
  })
