import { readFileSync } from "node:fs"

import { assert, describe, it, layer } from "@effect/vitest"
import { OpenAiCompatible } from "@holdfast/openai"
import { Emulator } from "@holdfast/testing"
import * as ConversationConformance from "@holdfast/testing/ConversationConformance"
import { Effect } from "effect"

import { compatible, participants } from "./participants.ts"
import { tableOf } from "./support/tables.ts"

const page = readFileSync("docs/conversations.md", "utf8")

/** What the table says of what became of all conversations. */
const cellOf = (outcomes: ReadonlyArray<ConversationConformance.Outcome>): string => {
  const refused = outcomes.filter(({ result }) => result !== "moves").map(({ opening }) => opening)
  const kept = outcomes.some(({ opening, reasoning }) => opening === "reasoning before a call" && reasoning)
  assert.isTrue(refused.every((opening) => opening === "a system message in the middle"))
  return [kept ? "all" : "no reasoning", ...(refused.length > 0 ? ["no system"] : [])].join(", ")
}

describe("a conversation goes on", () => {
  const table = tableOf(page, "from ↓ to →")
  layer(Emulator.layer({ strict: true }), { excludeTestServices: true })((the) => {
    for (const { from, name, run, to } of ConversationConformance.checks(participants)) {
      the.effect(name, () =>
        Effect.map(run, (outcomes) => {
          if (outcomes.length > 0) assert.strictEqual(table.get(`${from} → ${to}`), cellOf(outcomes))
        }),
      )
    }
  })
  it("in each way that the table names", () => {
    assert.strictEqual(table.size, participants.length ** 2)
  })
})

describe("the suite finds out", () => {
  const careless = [
    compatible(
      "DeepSeek",
      OpenAiCompatible.extend(OpenAiCompatible.deepseek, { requiresReasoning: false }),
      "deepseek-v4-flash",
    ),
    compatible(
      "Mistral's roles",
      OpenAiCompatible.extend(OpenAiCompatible.mistral, { strictRoles: false }),
      "mistral-large-latest",
    ),
    compatible(
      "Mistral's ids",
      OpenAiCompatible.extend(OpenAiCompatible.mistral, { shortToolCallIds: false }),
      "mistral-large-latest",
    ),
  ]
  const [first] = participants
  layer(Emulator.layer({ strict: true }), { excludeTestServices: true })((the) => {
    for (const one of careless) {
      the.effect(`who does not heed ${one.name}`, () =>
        Effect.gen(function* () {
          const toOne = ConversationConformance.checks(first === undefined ? [] : [first, one]).filter(
            ({ from, to }) => from === first?.name && to === one.name,
          )
          assert.lengthOf(toOne, 2)
          const ends = yield* Effect.forEach(toOne, ({ run }) => Effect.exit(run))
          assert.include(
            ends.map(({ _tag }) => _tag),
            "Failure",
          )
        }),
      )
    }
  })
})

describe("the rules on the page", () => {
  it("are those of the emulator, with their sources", () => {
    for (const dialect of ["openai-responses", "openai-chat", "anthropic", "google"] as const) {
      for (const { name, source } of Emulator.historyRules(dialect)) {
        const row = page.split("\n").find((line) => line.includes(`| ${name} `) && line.includes(source))
        assert.isDefined(row, `${dialect}: ${name} | ${source}`)
        const [, file = ""] = /`([^`]+\.ts)`/.exec(row ?? "") ?? []
        assert.isNotEmpty(readFileSync(`packages/${file}`, "utf8"), name)
      }
    }
  })
})
