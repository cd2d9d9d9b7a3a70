import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { AnswerBody, type Broken, isError, noMoreEvents, WholeAnswer } from "../../src/provider/AnswerBody.ts"
import { longestBody, longestEvent } from "../../src/provider/BoundedBody.ts"

const done = noMoreEvents

/** What is found in a body, and why there is no more. */
const read = (...pieces: ReadonlyArray<string>) => {
  const body = new AnswerBody()
  const out: Array<unknown> = []
  let broken: Broken | undefined
  for (const piece of pieces) broken ??= body.push(piece, out)
  broken ??= body.end(out)
  return { out, broken }
}

const events = (...pieces: ReadonlyArray<string>) => {
  const { broken, out } = read(...pieces)
  assert.isUndefined(broken)
  return out
}

const error = (body: unknown, inStream: boolean): Broken => ({ _tag: "Error", body, plain: undefined, inStream })

/** What is said of a body that cannot be read. */
const complaint = (...pieces: ReadonlyArray<string>): string => {
  const { broken } = read(...pieces)
  return broken?._tag === "Unreadable" ? broken.what : `${broken?._tag}`
}

describe("events", () => {
  it("are read in any framing that the format allows", () => {
    const expected = [{ a: 1 }, { a: 2 }]
    for (const body of [
      'data: {"a":1}\n\ndata: {"a":2}\n\n',
      'data:{"a":1}\r\n\r\ndata:{"a":2}\r\n\r\n',
      'data: {"a":1}\r\rdata: {"a":2}\r\r',
      'data: {"a":\ndata: 1}\n\ndata: {"a":2}',
      ': ping\n\nid: 3\nretry: 4\ndata: {"a":1}\n\n: ping\ndata: {"a":2}\n',
      '\uFEFF\n\n  data: {"a":1}\n\n\n\ndata: {"a":2}\n\n: bye',
      'strange: line\ndata: {"a":1}\n\nstrange\n\ndata: {"a":2}\n\n',
      // Without the blank lines between them, and without any framing.
      'data: {"a":1}\ndata: {"a":2}\n\n',
      '{"a":1}\n{"a":2}\n',
      '[{"a":1}\n,\r\n{"a":2}]',
    ]) {
      assert.deepStrictEqual(events(body), expected, JSON.stringify(body))
    }
  })

  it("are the same in whatever pieces they come", () => {
    const lines = [
      'data: {"a":"größer 🦄"}',
      'data: {"b":',
      "data: 1}",
      "data:",
      ": x",
      "event: e",
      "",
      "",
      'data: {"type":"t"}',
      "data: [DONE]",
    ]
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...lines), { maxLength: 12 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 }),
        (given, end, sizes) => {
          const body = given.join(end)
          const pieces: Array<string> = []
          let at = 0
          for (const size of sizes) pieces.push(body.slice(at, (at += size)))
          assert.deepStrictEqual(read(...pieces, body.slice(at)), read(body))
        },
      ),
      { seed: 7, numRuns: 300 },
    )
  })

  it("may be heartbeats, which say nothing", () => {
    for (const beat of [
      ": ping",
      "data:",
      "data: ",
      "data",
      "data: ping",
      "data: keep-alive",
      "data: null",
      'event: ping\ndata: {"type":"ping"}',
      "event: heartbeat\ndata: x",
      "event: ping",
      "event: keepalive\ndata:",
    ]) {
      assert.deepStrictEqual(events(`${beat}\n\ndata: {"a":1}\n\n${beat}\n\n`), [{ a: 1 }], beat)
      assert.deepStrictEqual(events(`${beat}\n\n`), [], beat)
    }
  })

  it("have the type that only their names say", () => {
    assert.deepStrictEqual(events('event: x\ndata: {"a":1}\n\n'), [{ type: "x", a: 1 }])
    assert.deepStrictEqual(events('event: x\ndata: {"type":"y"}\n\ndata: {"a":1}\n\n'), [{ type: "y" }, { a: 1 }])
  })

  it("are over with their mark", () => {
    assert.deepStrictEqual(events("data: [DONE]\n\n"), [done])
    assert.deepStrictEqual(events('data: {"a":1}\n\ndata:[DONE]'), [{ a: 1 }, done])
  })

  it("fail when one is no JSON, after those before it, and quote nothing", () => {
    const { broken, out } = read('data: {"a":1}\n\ndata: {"secret\n\ndata: {"a":2}\n\n')
    assert.deepStrictEqual(out, [{ a: 1 }])
    assert.deepStrictEqual(broken, { _tag: "Unreadable", what: "an event is not JSON", inStream: true })
    assert.strictEqual(complaint('data: {"a":1}\ndata: {"secret\n\n'), "an event is not JSON")
    assert.match(complaint("data: ", "x".repeat(longestEvent)), /an event exceeds \d+ characters/)
  })
})

describe("what is held of a body", () => {
  it("costs something, however small its pieces are", () => {
    const pushed = (piece: string, begin = "") => {
      const body = new AnswerBody()
      body.push(begin, [])
      for (let count = 1; ; count++) {
        const broken = body.push(piece, [])
        if (broken !== undefined) return count
        if (count > longestBody) return Infinity
      }
    }
    assert.isAtMost(pushed("1", "["), longestBody / 256 + 1)
    assert.isAtMost(pushed("data:\n"), longestEvent / 256 + 1)
  })
})

describe("an error in an answer", () => {
  const body = { error: { message: "no" } }

  it("is one in every spelling", () => {
    const spellings: ReadonlyArray<readonly [string, Broken]> = [
      [JSON.stringify(body), error(body, false)],
      [`\uFEFF\n${JSON.stringify(body, undefined, 2)}\n`, error(body, false)],
      [JSON.stringify([body]), error(body, false)],
      ['{"type":"error","error":{"message":"no"}}', error({ type: "error", ...body }, false)],
      ['{"error":"no"}', error({ error: "no" }, false)],
      ['{"detail":"no"}', error({ detail: "no" }, false)],
      ['{"code":401,"message":"no"}', error({ code: 401, message: "no" }, false)],
      ['{"success":false,"errors":[{"message":"no"}]}', error({ success: false, errors: [{ message: "no" }] }, false)],
      ['{"type":"overloaded_error","message":"no"}', error({ type: "overloaded_error", message: "no" }, false)],
      ['data: {"type":"overloaded_error"}\n\n', error({ type: "overloaded_error" }, true)],
      ['data: {"code":429,"message":"no"}\n\n', error({ code: 429, message: "no" }, true)],
      ['data: {"detail":"no"}\n\n', error({ detail: "no" }, true)],
      [`data: ${JSON.stringify(body)}\n\n`, error(body, true)],
      [`data: [${JSON.stringify(body)}]\n\n`, error(body, true)],
      [`data: {"choices":[],"error":{"message":"no"}}\n\n`, error({ choices: [], ...body }, true)],
      [`event: error\ndata: ${JSON.stringify(body)}\n\n`, error(body, true)],
      ['event: error\ndata: {"message":"no"}\n\n', error({ message: "no" }, true)],
      ['data: {"type":"error","message":"no"}\n\n', error({ type: "error", message: "no" }, true)],
      [`${JSON.stringify(body)}\n\ndata: [DONE]\n\n`, error(body, true)],
      [`: ping\n\n${JSON.stringify(body)}\n`, error(body, true)],
      ["event: error\ndata: no\n\n", { _tag: "Error", body: undefined, plain: "no", inStream: true }],
      ["event: error\ndata:\n\n", { _tag: "Error", body: undefined, plain: "", inStream: true }],
    ]
    for (const [given, expected] of spellings) {
      assert.deepStrictEqual(read(given), { out: [], broken: expected }, given)
    }
  })

  it("comes after the events before it", () => {
    const { broken, out } = read(`data: {"a":1}\n\n`, `data: ${JSON.stringify(body)}\n\ndata: {"a":2}\n\n`)
    assert.deepStrictEqual([out, broken], [[{ a: 1 }], error(body, true)])
    assert.deepStrictEqual(read(`data: {"a":1}\n\n${JSON.stringify(body)}`), {
      out: [{ a: 1 }],
      broken: error(body, true),
    })
  })

  it("is none where the field says nothing", () => {
    for (const none of [undefined, null, "", false, 0, {}, { message: null, code: "" }, []])
      assert.isFalse(isError(none))
    for (const some of ["no", true, { message: "no" }, { code: 1 }]) assert.isTrue(isError(some))
    assert.deepStrictEqual(events('data: {"error":null}\n\n'), [{ error: null }])
  })
})

describe("a whole answer", () => {
  it("is found whatever was asked for", () => {
    const answer = { choices: [], error: null }
    assert.deepStrictEqual(events(JSON.stringify(answer)), [new WholeAnswer(answer)])
    assert.deepStrictEqual(events(...Array.from(`\uFEFF ${JSON.stringify(answer, undefined, 2)}\n`)), [
      new WholeAnswer(answer),
    ])
    assert.deepStrictEqual(events('[{"content":[]}]'), [new WholeAnswer({ content: [] })])
    // Words beside an answer are no error.
    const worded = { object: "response", message: "deprecated" }
    assert.deepStrictEqual(events(JSON.stringify(worded)), [new WholeAnswer(worded)])
  })

  it("is none in a page, a text or half of JSON, and nothing of them is quoted", () => {
    assert.strictEqual(complaint("<!doctype html>\n<title>secret</title>"), "the answer is a page, and not JSON")
    assert.strictEqual(complaint("secret\nnot found"), "the answer is plain text, and not JSON")
    assert.strictEqual(complaint('"secret"'), "the answer is plain text, and not JSON")
    assert.strictEqual(complaint('{"secret'), "the answer is not JSON")
    assert.strictEqual(complaint('{"secret": 1\n'), "the answer is not JSON")
    assert.strictEqual(complaint("[]"), "the answer is an empty list")
    for (const nothing of ["", " \n\n", ": ping\n\n", "data:\n\n"]) assert.deepStrictEqual(events(nothing), [])
  })
})
