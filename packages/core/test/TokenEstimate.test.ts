import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Prompt, Tool } from "effect/ai"

import * as TokenEstimate from "../src/TokenEstimate.ts"
import { request } from "./scripted.ts"

describe("the tokens of a text", () => {
  it.each([
    ["", 0],
    ["a", 1],
    ["Why do ships float?", 5],
    ["Почему корабли не тонут?", 10],
    ["船はなぜ浮くのですか", 8],
    ["🚢🚢🚢", 7],
  ])("are counted by script: %s", (text, tokens) => {
    assert.strictEqual(TokenEstimate.ofText(text), tokens)
  })
})

const input = (
  prompt: Prompt.RawInput,
  fields: Parameters<typeof request>[1] = {},
  source?: { provider: string; model: string },
) => TokenEstimate.ofRequest(request("generate", { prompt: Prompt.make(prompt), ...fields }), source).input

describe("the tokens of a request", () => {
  it("are those of its messages and a little more", () => {
    const text = "word ".repeat(800)
    assert.strictEqual(input(text), Math.ceil((800 + 4 + 3) * 1.1))
    assert.strictEqual(TokenEstimate.ofRequest(request("stream")).output, 500)
  })

  it("are more with the tokenizers of Anthropic", () => {
    const of = (model: string, provider = "anthropic") => input("word ".repeat(800), {}, { provider, model })
    const plain = of("gpt-6.1", "openai")
    assert.approximately(of("claude-sonnet-5-5") / plain, 1.45, 0.01)
    assert.approximately(of("anthropic/claude-opus-4-7", "openrouter") / plain, 1.45, 0.01)
    assert.approximately(of("claude-opus-4-5-20251101") / plain, 1.15, 0.01)
    assert.approximately(of("claude-3-haiku-20240307") / plain, 1.15, 0.01)
  })

  it("include files by their size, calls of tools and their results", () => {
    const file = (mediaType: string, data: string | Uint8Array | URL) =>
      input([{ role: "user", content: [{ type: "file", mediaType, data, options: {} }] }]) -
      input([{ role: "user", content: [] }])
    assert.approximately(file("image/png", new Uint8Array(10)), 1_760, 1)
    assert.approximately(file("application/pdf", new Uint8Array(120_000)), 6_600, 1)
    assert.approximately(file("application/pdf", "A".repeat(4 * 50_000)), 6_600, 1)
    assert.approximately(file("audio/wav", new Uint8Array(160_000)), 352, 1)
    assert.approximately(file("video/mp4", new Uint8Array(2_500_000)), 2_893, 1)
    assert.approximately(file("text/plain", new Uint8Array(4_000)), 1_100, 1)
    assert.approximately(file("video/mp4", new URL("https://acme.example/film")), 1_760, 1)
    const calls = input([
      {
        role: "assistant",
        content: [
          { type: "tool-call", id: "1", name: "find", params: { query: "x".repeat(400) }, providerExecuted: false },
        ],
      },
      {
        role: "tool",
        content: [{ type: "tool-result", id: "1", name: "find", isFailure: false, result: ["y".repeat(400)] }],
      },
    ])
    assert.isAbove(calls, 220)
  })

  it("include tools and the schema of the answer, also where these have no JSON form", () => {
    const tool = Tool.make("find", {
      description: "z".repeat(400),
      parameters: Schema.Struct({ query: Schema.String }),
    })
    assert.isAbove(input("a", { tools: [tool] }) - input("a"), 110)
    const format = (schema: Schema.Top) => ({ responseFormat: { type: "json" as const, objectName: "a", schema } })
    assert.isAbove(input("a", format(Schema.Struct({ first: Schema.String, second: Schema.Number }))) - input("a"), 20)
    assert.isAtLeast(input("a", format(Schema.Symbol)), input("a"))
  })

  it("are counted although a result cannot be written as JSON", () => {
    const result: Array<unknown> = []
    result.push(result)
    assert.isAbove(
      input([{ role: "tool", content: [{ type: "tool-result", id: "1", name: "find", isFailure: false, result }] }]),
      4,
    )
  })
})
