import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Tool } from "effect/ai"

import { conversation, secrets, turns } from "../../../test/support/turns.ts"
import { messagesBody } from "../src/internal/request/request.ts"
import { type Settings } from "../src/internal/settings.ts"
import { request } from "./requests.ts"

const tools = [Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }) })]

const body = (turn: string, settings: Settings) =>
  messagesBody({
    provider: "anthropic",
    model: "claude-sonnet-5-5",
    apiVersion: "2026-10-21",
    settings,
    request: request(conversation(turns[turn] ?? []), { tools }),
  })

interface Block {
  readonly type: string
  readonly id?: string
  readonly tool_use_id?: string
  readonly signature?: string
}

const names = Object.keys(turns)

describe.each(names)("a conversation that %s began", (turn) => {
  it.effect("goes on", () =>
    Effect.gen(function* () {
      for (const settings of [{}, { thinking: { mode: "adaptive" } }] satisfies ReadonlyArray<Settings>) {
        const { messages } = yield* body(turn, settings)
        assert.deepStrictEqual(
          messages.map(({ role }) => role),
          ["user", "assistant", "user"],
        )
        const blocks = (at: number) => messages[at]?.content as unknown as ReadonlyArray<Block>
        const called = blocks(1).flatMap((block) => (block.type === "tool_use" ? [block.id ?? ""] : []))
        assert.isAbove(called.length, 0)
        assert.isTrue(called.every((id) => /^[a-zA-Z0-9_-]+$/.test(id)))
        assert.deepStrictEqual(
          blocks(2).map((block) => block.tool_use_id),
          called,
        )
        const kinds = blocks(1).map(({ type }) => type)
        const own = ["thinking", "redacted_thinking", "server_tool_use", "web_search_tool_result"]
        assert.deepStrictEqual(
          kinds.filter((kind) => kind !== "text" && kind !== "tool_use"),
          turn === "anthropic" ? own : [],
        )
        for (const name of names) {
          assert.strictEqual(
            JSON.stringify(messages).includes(secrets[name] ?? "?"),
            name === "anthropic" && turn === "anthropic",
          )
        }
      }
    }),
  )
})
