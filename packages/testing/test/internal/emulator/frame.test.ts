import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

import { body, corrupt, encode, named, unnamed } from "../../../src/internal/emulator/frame.ts"

describe("events", () => {
  it("have an event line where the dialect has one", () => {
    assert.strictEqual(encode(named({ type: "ping" })), 'event: ping\ndata: {"type":"ping"}\n\n')
    assert.strictEqual(encode(unnamed({ a: 1 })), 'data: {"a":1}\n\n')
    assert.strictEqual(encode(unnamed("[DONE]")), "data: [DONE]\n\n")
  })

  it("do not parse once they are corrupt", () => {
    for (const frame of [named({ type: "ping" }), unnamed({ a: [1, 2] }), ...body('{"a":1}').slice(0, 1)]) {
      assert.throws(() => JSON.parse(encode(corrupt(frame)).replace(/^[\s\S]*data: /, "")))
    }
  })
})

describe("bodies", () => {
  it.prop("are cut into at most eight pieces that are whole characters", { text: Schema.String }, ({ text }) => {
    const frames = body(text)
    assert.strictEqual(frames.map(encode).join(""), text)
    assert.isAtMost(frames.length, 8)
    for (const frame of frames.slice(0, -1)) assert.notMatch(encode(frame), /[\uD800-\uDBFF]$/)
    assert.isTrue(frames.every((frame, index) => frame.terminal === (index === frames.length - 1)))
  })

  it("keep the two halves of a character together", () => {
    const text = "🦄".repeat(20)
    assert.deepStrictEqual(
      body(text).map((frame) => encode(frame).length % 2),
      body(text).map(() => 0),
    )
  })
})
