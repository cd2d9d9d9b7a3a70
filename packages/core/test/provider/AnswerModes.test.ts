import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { type AiError, type Response } from "effect/ai"

import { WholeAnswer } from "../../src/provider/AnswerBody.ts"
import { gathered, readingWhole, streamed } from "../../src/provider/AnswerModes.ts"
import { type EventReader, type Part } from "../../src/provider/EventReader.ts"
import { errors, finish, metadata } from "../scripted.ts"

const signed = { metadata: { acme: { signature: "s" } } }

const whole: Array<Response.PartEncoded> = [
  metadata as Response.PartEncoded,
  { type: "reasoning", text: "hm", ...signed },
  { type: "reasoning", text: "", ...signed },
  { type: "text", text: "hello" },
  { type: "source", sourceType: "url", id: "s", url: "https://a.example", title: "a" },
  { type: "tool-call", id: "c", name: "n", params: { a: 1 } },
  { type: "tool-call", id: "p", name: "m", params: {}, providerExecuted: true },
  { type: "text", text: "bye", ...signed },
  finish(),
]

describe("an answer of one mode in the other", () => {
  it("is the same when it comes back", () => {
    assert.deepStrictEqual(gathered(streamed(whole)), whole)
  })

  it("announces what a stream announces", () => {
    const parts = streamed(whole)
    assert.deepStrictEqual(
      parts.filter((part) => "id" in part && part.id === "c").map(({ type }) => type),
      ["tool-params-start", "tool-params-delta", "tool-params-end", "tool-call"],
    )
    const started = parts.filter(({ type }) => type === "text-start" || type === "reasoning-start")
    assert.lengthOf(new Set(started.map((part) => ("id" in part ? part.id : ""))), 4)
  })

  it("is gathered from pieces that mix, with what is said at their ends", () => {
    const parts: ReadonlyArray<Part> = [
      { type: "text-start", id: "1" },
      { type: "reasoning-start", id: "2" },
      { type: "text-delta", id: "1", delta: "a" },
      { type: "reasoning-delta", id: "2", delta: "x" },
      { type: "text-delta", id: "nowhere", delta: "?" },
      { type: "text-delta", id: "1", delta: "b" },
      { type: "reasoning-end", id: "2", ...signed },
      { type: "text-end", id: "1" },
    ]
    assert.deepStrictEqual(gathered(parts), [
      { type: "text", text: "ab" },
      { type: "reasoning", text: "x", ...signed },
    ])
  })
})

describe("a reader that takes a whole answer", () => {
  const events: EventReader = {
    read: (event, out) => {
      out.push({ type: "text-delta", id: "t", delta: String(event) })
      return undefined
    },
    end: (out) => {
      out.push(finish())
      return undefined
    },
    isComplete: () => false,
    grace: () => 5,
  }
  const reading = (result: Result.Result<Array<Response.PartEncoded>, AiError.AiError>) =>
    readingWhole(events, () => result)

  it("reads events as before", () => {
    const reader = reading(Result.succeed(whole))
    const out: Array<Part> = []
    reader.read("a", out)
    assert.deepStrictEqual([reader.isComplete(), reader.isOver?.(), reader.grace?.()], [false, false, 5])
    reader.end(out)
    assert.deepStrictEqual(out, [{ type: "text-delta", id: "t", delta: "a" }, finish()])
    const silent: Array<Part> = []
    reader.fallSilent?.(silent)
    assert.deepStrictEqual(silent, [finish()])
  })

  it("is over with the whole, and ends it once", () => {
    const reader = reading(Result.succeed(whole))
    const out: Array<Part> = []
    assert.isUndefined(reader.read(new WholeAnswer({}), out))
    assert.deepStrictEqual([reader.isComplete(), reader.isOver?.()], [true, true])
    assert.isUndefined(reader.end(out))
    assert.deepStrictEqual(out, streamed(whole))
  })

  it("fails with a whole that is none", () => {
    const out: Array<Part> = []
    assert.strictEqual(reading(Result.fail(errors.overloaded)).read(new WholeAnswer({}), out), errors.overloaded)
    assert.deepStrictEqual(out, [])
  })
})
