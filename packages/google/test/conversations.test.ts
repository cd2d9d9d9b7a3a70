import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Tool } from "effect/ai"

import { conversation, secrets, turns } from "../../../test/support/turns.ts"
import { contentBody } from "../src/internal/request/request.ts"
import { request } from "./requests.ts"

const tools = [Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }) })]

const body = (turn: string, model: string) =>
  contentBody({
    provider: "google",
    model,
    settings: {},
    request: request(conversation(turns[turn] ?? []), { tools }),
  })

const names = Object.keys(turns)

describe.each(names)("a conversation that %s began", (turn) => {
  it.effect("goes on", () =>
    Effect.gen(function* () {
      for (const model of ["gemini-2.5-flash", "gemini-3.8-flash"]) {
        const { contents } = yield* body(turn, model)
        assert.deepStrictEqual(
          contents.map(({ role }) => role),
          ["user", "model", "user"],
        )
        const said = contents[1]?.parts ?? []
        const answered = contents[2]?.parts ?? []
        const called = said.flatMap(({ functionCall }) => (functionCall === undefined ? [] : [functionCall]))
        assert.isAbove(called.length, 0)
        assert.deepStrictEqual(
          answered.map(({ functionResponse }) => [functionResponse?.name, functionResponse?.id]),
          called.map(({ id, name }) => [name, id]),
        )
        // Models that think want the first call of a turn to be signed.
        const first = said.find(({ functionCall }) => functionCall !== undefined)
        assert.strictEqual(first?.thoughtSignature === "skip_thought_signature_validator", turn !== "google")
        assert.strictEqual(
          said.some(({ executableCode }) => executableCode !== undefined),
          turn === "google",
        )
        assert.isTrue(said.every(({ thought, thoughtSignature }) => thought !== true || thoughtSignature !== undefined))
        for (const name of names) {
          assert.strictEqual(
            JSON.stringify(contents).includes(secrets[name] ?? "?"),
            name === "google" && turn === "google",
          )
        }
      }
    }),
  )
})
