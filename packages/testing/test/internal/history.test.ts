import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Emulator from "../../src/Emulator.ts"
import { type Issued, rulesOf } from "../../src/internal/emulator/history/rules.ts"

const nothing: Issued = { signatures: new Set(), reasoning: new Set() }
// An answer with reasoning, of which one item is used.
const one: Issued = { signatures: new Set(), reasoning: new Set(["000000000001"]) }

const paths = {
  "openai-responses": () => "/responses",
  "openai-chat": () => "/chat/completions",
  anthropic: () => "/v1/messages",
  google: (model: unknown) =>
    `/v1beta/models/${typeof model === "string" ? model : "gemini-2.0-flash"}:generateContent`,
} as const

const dialects = ["openai-responses", "openai-chat", "anthropic", "google"] as const

const post = (port: number, path: string, body: unknown) =>
  Effect.promise(() =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: { authorization: "Bearer k", "x-goog-api-key": "k", "anthropic-version": "2023-06-01" },
      body: JSON.stringify(body),
    }).then(async (response) => [response.status, await response.text()] as const),
  )

describe.each(dialects)("the rules of %s", (dialect) => {
  const rules = rulesOf[dialect] ?? []

  it.each(rules)("$name", (rule) => {
    assert.match(rule.source, /^https:\/\/\S+$/)
    const model = typeof rule.breaks["model"] === "string" ? rule.breaks["model"] : ""
    const broken = rules.filter(
      ({ complaint, models }) =>
        (models === undefined || models.test(model)) &&
        (complaint(rule.breaks, nothing) !== undefined || complaint(rule.breaks, one) !== undefined),
    )
    assert.deepStrictEqual(
      broken.map(({ name }) => name),
      [rule.name],
    )
  })

  it.live("are kept by a strict emulator, in the words of the server, and by no other", () =>
    Effect.gen(function* () {
      for (const strict of [true, false]) {
        yield* Effect.gen(function* () {
          const { port } = yield* Emulator.Emulator
          for (const { breaks, complaint } of rules) {
            const expected = complaint(breaks, nothing)
            if (expected === undefined) continue
            const [status, text] = yield* post(port, paths[dialect](breaks["model"]), breaks)
            assert.strictEqual(status, strict ? (expected.status ?? 400) : 200, text)
            if (strict) assert.include(JSON.stringify(JSON.parse(text)), JSON.stringify(expected.message).slice(1, -1))
          }
        }).pipe(Effect.provide(Emulator.layer({ strict })))
      }
    }),
  )
})
