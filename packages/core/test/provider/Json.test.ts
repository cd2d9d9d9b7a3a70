import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"

import * as Json from "../../src/provider/Json.ts"

describe("reading what nobody promised", () => {
  const odd = [undefined, null, 1, "x", true, [], {}, { a: undefined }, { a: null }]

  it("gives nothing where there is nothing", () => {
    for (const value of odd) {
      assert.isUndefined(Json.text(value, "a"))
      assert.strictEqual(Json.textOrEmpty(value, "a"), "")
      assert.deepStrictEqual(Json.list(value, "a"), [])
      assert.isUndefined(Json.count(value, "a"))
      assert.strictEqual(Json.index(value, "a"), 0)
      assert.isUndefined(Json.timestamp(value, "a"))
      assert.isUndefined(Json.url(value, "a"))
    }
  })

  it("gives what is there in the right shape", () => {
    const value = { text: "t", empty: "", list: [1], count: 3, when: 1.5, link: "https://a.example/" }
    assert.strictEqual(Json.text(value, "text"), "t")
    assert.isUndefined(Json.text(value, "empty"))
    assert.deepStrictEqual(Json.list(value, "list"), [1])
    assert.strictEqual(Json.index(value, "count"), 3)
    assert.strictEqual(Json.timestamp(value, "when"), "1970-01-01T00:00:01.500Z")
    assert.strictEqual(Json.url(value, "link"), "https://a.example/")
    assert.isUndefined(Json.url(value, "text"))
    assert.strictEqual(Json.field(value, "count"), 3)
    assert.isUndefined(Json.record([1]))
    assert.strictEqual(Json.json(value), value)
  })

  it("counts only whole numbers that are not negative", () => {
    for (const count of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, "3", null]) {
      assert.isUndefined(Json.count({ count }, "count"))
    }
    assert.strictEqual(Json.count({ count: 0 }, "count"), 0)
  })

  it("never throws on a time", () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer(), fc.anything()), (when) => {
        const text = Json.timestamp({ when }, "when")
        return text === undefined || !Number.isNaN(Date.parse(text))
      }),
    )
    assert.isUndefined(Json.timestamp({ when: Number.MAX_VALUE }, "when"))
  })
})

describe("arguments of a tool call", () => {
  it("may be an empty text", () => {
    for (const text of ["", "  \n"]) assert.deepStrictEqual(Json.params(text), Result.succeed({}))
  })

  it("are parsed, or are not JSON", () => {
    assert.deepStrictEqual(Json.params('{"a":1}'), Result.succeed({ a: 1 }))
    assert.isTrue(Result.isFailure(Json.params('{"a":')))
    for (const key of ["__proto__", "\\u005f_proto__", "__pr\\u006Fto__"]) {
      assert.isTrue(Result.isFailure(Json.params(`{"a":[{"${key}" : {"b":1}}]}`)), key)
    }
    assert.isTrue(Result.isFailure(Json.params('{"c\\u006fnstructor":{"prototype":{}}}')))
    assert.deepStrictEqual(Json.params('{"a":"\\u0041\\u00e9"}'), Result.succeed({ a: "Aé" }))
  })
})

describe("fields", () => {
  it("that are undefined are left out, and null is kept", () => {
    assert.deepStrictEqual(Json.defined({ a: 1, b: undefined, c: null, d: 0 }) as object, { a: 1, c: null, d: 0 })
  })
})

describe("data", () => {
  it("in base64 is told from other text", () => {
    for (const text of ["", "AQID", "AQI="]) assert.isTrue(Json.isBase64(text), text)
    for (const text of ["A", "!!!!"]) assert.isFalse(Json.isBase64(text), text)
  })

  it("in a URL is taken apart", () => {
    const parts = { mediaType: "image/png", data: "AQID" }
    assert.deepStrictEqual(Json.fromDataUrl("data:image/png;base64,AQID"), parts)
    assert.deepStrictEqual(Json.fromDataUrl("data:image/png;charset=utf-8;base64,AQID"), parts)
    for (const text of ["data:image/png,AQID", "data:;base64,AQID", "https://a.example/", ""]) {
      assert.isUndefined(Json.fromDataUrl(text), text)
    }
  })
})

describe("halves of surrogate pairs", () => {
  it("are replaced wherever they are", () => {
    const half = "x\ud83d"
    const whole = "x\ufffd"
    const value = { a: [half, { [half]: half }], pair: "\ud83d\ude00", low: "\ude00\ud83d", n: 1, none: null }
    assert.deepStrictEqual(Json.wellFormed<unknown>(value), {
      a: [whole, { [whole]: whole }],
      pair: "\ud83d\ude00",
      low: "\ufffd\ufffd",
      n: 1,
      none: null,
    })
  })

  it("are all that changes", () => {
    const value = { a: ["x", { b: "\ud83d\ude00" }], bytes: new Uint8Array([1]), url: new URL("https://x.y") }
    assert.strictEqual(Json.wellFormed(value), value)
    const cyclic: Record<string, unknown> = {}
    cyclic["self"] = cyclic
    assert.strictEqual(Json.wellFormed(cyclic), cyclic)
  })
})
