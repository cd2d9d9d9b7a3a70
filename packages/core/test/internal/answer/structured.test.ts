import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Schema, SchemaGetter } from "effect"
import { LanguageModel, OpenAiStructuredOutput, type Response } from "effect/ai"

import * as Failure from "../../../src/Failure.ts"
import * as StructuredOutput from "../../../src/internal/answer/structured.ts"
import { finish } from "../../scripted.ts"

class Shelf extends Context.Service<Shelf, string>()("test/Shelf") {}

const schema = Schema.Struct({ at: Schema.DateFromString, note: Schema.optionalKey(Schema.String) })
const format = { type: "json", objectName: "answer", schema } as const
const openai = OpenAiStructuredOutput.toCodecOpenAI
const plain = LanguageModel.defaultCodecTransformer

const said = (...texts: ReadonlyArray<string>): Array<Response.PartEncoded> => [
  { type: "response-metadata", id: "r" },
  ...texts.map((text) => ({ type: "text", text }) as const),
  finish(),
]

const canonical = (parts: Array<Response.PartEncoded>, transformer = openai) =>
  StructuredOutput.canonical("acme", transformer, format, parts)

describe("the schema of a request", () => {
  it.effect("is none for a plain answer", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* StructuredOutput.requestSchema(openai, { type: "text" }))
    }),
  )

  it.effect("is the vendor's form, made once", () =>
    Effect.gen(function* () {
      let made = 0
      const counting: LanguageModel.CodecTransformer = (given) => {
        made++
        return openai(given)
      }
      const first = yield* StructuredOutput.requestSchema(counting, format)
      assert.strictEqual(yield* StructuredOutput.requestSchema(counting, format), first)
      yield* StructuredOutput.canonical("acme", counting, format, said('{"at":"2030-01-02T00:00:00.000Z","note":null}'))
      assert.strictEqual(made, 1)
    }),
  )

  it.effect("that cannot be expressed is a typed failure", () =>
    Effect.gen(function* () {
      for (const cause of [new Error("recursive"), "recursive"]) {
        const failing: LanguageModel.CodecTransformer = () => {
          throw cause
        }
        const error = yield* Effect.flip(StructuredOutput.requestSchema(failing, format))
        assert.strictEqual(error.reason._tag, "UnsupportedSchemaError")
        assert.strictEqual(Failure.classify(error).kind, "fatal")
      }
    }),
  )
})

describe("a structured answer", () => {
  it.effect("is put into canonical form, whatever its pieces", () =>
    Effect.gen(function* () {
      const parts = yield* canonical(said('{"at":"2030-01-02T00:00:00.000Z",', '"note":null}'))
      assert.deepStrictEqual(parts, said('{"at":"2030-01-02T00:00:00.000Z"}'))
    }),
  )

  it.effect("stays as it is when it is plain, or only calls tools", () =>
    Effect.gen(function* () {
      const text = said("hello")
      assert.strictEqual(yield* StructuredOutput.canonical("acme", openai, { type: "text" }, text), text)
      const calls: Array<Response.PartEncoded> = [{ type: "tool-call", id: "c", name: "n", params: {} }, finish()]
      assert.strictEqual(yield* canonical(calls), calls)
    }),
  )

  it.effect("that does not fit is undecodable, with its text and what it cost", () =>
    Effect.gen(function* () {
      for (const text of ["no JSON", '{"at":7}', ""]) {
        const error = yield* Effect.flip(canonical(said(text), plain))
        assert.strictEqual(error.reason._tag, "StructuredOutputError")
        assert.deepInclude(Failure.classify(error), { kind: "undecodable", billed: true })
        if (error.reason._tag !== "StructuredOutputError") continue
        assert.strictEqual(error.reason.responseText, text)
        assert.deepInclude(error.reason.usage, { promptTokens: 7, completionTokens: 3 })
      }
    }),
  )

  it.effect("is not rewritten where the vendor takes the schema as it is", () =>
    Effect.gen(function* () {
      const parts = said('{ "at": "2030-01-02T00:00:00Z" }')
      assert.deepStrictEqual(yield* canonical(parts, plain), parts)
    }),
  )

  it.effect("keeps its text when the schema cannot encode", () =>
    Effect.gen(function* () {
      const oneWay = (encode: SchemaGetter.Getter<string, string>) => {
        const upper = SchemaGetter.transform((text: string) => text.toUpperCase())
        return Schema.Struct({ name: Schema.String.pipe(Schema.decodeTo(Schema.String, { decode: upper, encode })) })
      }
      const unserved = SchemaGetter.transformEffect((text: string) => Effect.map(Shelf, (shelf) => shelf + text))
      for (const lossy of [oneWay(SchemaGetter.forbidden(() => "no way back")), oneWay(unserved as never)]) {
        const answered = said('{"name":"ada"}')
        const asked = { type: "json", objectName: "answer", schema: lossy } as const
        for (const transformer of [plain, openai]) {
          const parts = yield* StructuredOutput.canonical("acme", transformer, asked, answered)
          assert.deepStrictEqual(parts, answered)
        }
      }
    }),
  )

  it.effect("that was cut at the limit says so", () =>
    Effect.gen(function* () {
      const cut: Array<Response.PartEncoded> = [{ type: "text", text: '{"at":' }, finish("length")]
      assert.include((yield* Effect.flip(canonical(cut))).message, "cut at the token limit")
      const endless: Array<Response.PartEncoded> = [{ type: "text", text: "x" }]
      assert.notInclude((yield* Effect.flip(canonical(endless))).message, "cut at the token limit")
    }),
  )
})
