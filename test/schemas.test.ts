import { readFileSync } from "node:fs"

import { assert, describe, it, layer } from "@effect/vitest"
import { Emulator } from "@holdfast/testing"
import type * as ConversationConformance from "@holdfast/testing/ConversationConformance"
import * as SchemaConformance from "@holdfast/testing/SchemaConformance"
import { Effect } from "effect"

import { participants, vllm } from "./participants.ts"
import { tableOf } from "./support/tables.ts"

const names = new Set(["OpenAI Responses", "OpenAI Chat", "DeepSeek", "Mistral", "Claude", "Gemini 3"])
const subjects = [...participants.filter(({ name }) => names.has(name)), vllm]

const checksOf = <R>({ client, dialect, model, name }: ConversationConformance.Subject<R>) =>
  SchemaConformance.checks({ name, dialect, model, client })

describe("what a schema describes is what comes back", () => {
  const table = tableOf(readFileSync("docs/schemas.md", "utf8"), "schema")
  layer(Emulator.layer(), { excludeTestServices: true })((the) => {
    for (const subject of subjects) {
      for (const { feature, name, place, run } of subject.use(checksOf)) {
        the.effect(`${subject.name}: ${name}`, () =>
          Effect.map(run, ({ refused }) => {
            const cell = table.get(`${feature} → ${subject.name}`)
            assert.isTrue(cell === "yes" || cell === "tools", feature)
            assert.strictEqual(refused !== undefined, cell === "tools" && place === "answer", refused)
          }),
        )
      }
    }
  })
  it("as the table says of each", () => {
    assert.strictEqual(table.size, subjects.length * SchemaConformance.features.length)
  })
})
