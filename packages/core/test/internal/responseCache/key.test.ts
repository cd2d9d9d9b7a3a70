import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { Prompt, Tool } from "effect/ai"

import { anyOperation } from "../../../src/internal/operation/any.ts"
import { chat } from "../../../src/internal/operation/chat.ts"
import { requestKey } from "../../../src/internal/responseCache/key.ts"
import { request } from "../../scripted.ts"

const key = (
  fields: Parameters<typeof request>[1] = {},
  identity: unknown = "m",
  mode: "generate" | "stream" = "stream",
) => requestKey(anyOperation(chat), request(mode, fields), identity)

const format = (schema: Schema.Top) => ({ responseFormat: { type: "json" as const, objectName: "o", schema } })
const tool = (description: string) =>
  Tool.make("Weather", { description, parameters: Schema.Struct({ city: Schema.String }) })
const image = (byte: number) =>
  Prompt.make([
    { role: "user", content: [{ type: "file", mediaType: "image/png", data: new Uint8Array([byte]) }] },
  ] as never)

describe("the key of a request", () => {
  it.effect("is the same for the same request, however it was written down", () =>
    Effect.gen(function* () {
      const same = [
        [yield* key(), yield* key()],
        [yield* key({}, { a: 1, b: [2] }), yield* key({}, { b: [2], a: 1, c: undefined })],
        [yield* key({ prompt: Prompt.make("x") }), yield* key({ prompt: Prompt.make("x") })],
        [yield* key({ prompt: image(1) }), yield* key({ prompt: image(1) })],
        [yield* key({ tools: [tool("a")] }), yield* key({ tools: [tool("a")] })],
        [
          yield* key(format(Schema.Struct({ a: Schema.String }))),
          yield* key(format(Schema.Struct({ a: Schema.String }))),
        ],
      ]
      for (const [one, other] of same) {
        assert.match(one ?? "", /^[0-9a-f]{64}$/)
        assert.strictEqual(one, other)
      }
    }),
  )

  it.effect("differs in everything that decides the answer", () =>
    Effect.gen(function* () {
      const all = [
        yield* key(),
        yield* key({}, "other"),
        yield* key({}, null),
        yield* key({}, "m", "generate"),
        yield* key({ prompt: Prompt.make("x") }),
        yield* key({ prompt: Prompt.make([{ role: "system", content: "x" }]) }),
        yield* key({ prompt: image(1) }),
        yield* key({ prompt: image(2) }),
        yield* key({ tools: [tool("a")] }),
        yield* key({ tools: [tool("b")] }),
        yield* key({ tools: [tool("a")], toolChoice: "required" }),
        yield* key({ previousResponseId: "r" }),
        yield* key(format(Schema.Struct({ a: Schema.String }))),
        yield* key(format(Schema.Struct({ b: Schema.String }))),
        yield* key({}, { temperature: 0 }),
        yield* key({}, { temperature: "0" }),
        yield* key({}, { temperature: null }),
        yield* key({}, ["a", "b"]),
        yield* key({}, ["a,b"]),
      ]
      assert.strictEqual(new Set(all).size, all.length)
    }),
  )

  it.effect.each([
    ["a function", () => 1],
    ["a date", new Date(0)],
    ["a map", new Map()],
    ["a secret", Redacted.make("s")],
    ["a symbol", Symbol("s")],
  ] as const)("does not exist where a setting is %s", ([, value]) =>
    Effect.gen(function* () {
      assert.isUndefined(yield* key({}, { nested: [value] }))
    }),
  )
})
