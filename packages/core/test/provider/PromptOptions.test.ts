import { assert, describe, it } from "@effect/vitest"
import { Prompt } from "effect/ai"

import { refuseEach } from "../../src/provider/PromptOptions.ts"

describe("the options of a prompt", () => {
  it("are those of each message, then of its parts", () => {
    const seen: Array<string> = []
    const prompt = Prompt.make([
      { role: "system", content: "be terse" },
      { role: "user", content: [{ type: "text", text: "a" }] },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "b" },
          { type: "text", text: "c" },
        ],
      },
    ])
    refuseEach(prompt, (holder, at, { role }) => {
      seen.push(`${at} ${role} ${holder === prompt.content[at] ? "message" : "type" in holder ? holder.type : ""}`)
    })
    assert.deepStrictEqual(seen, [
      "0 system message",
      "1 user message",
      "1 user text",
      "2 assistant message",
      "2 assistant reasoning",
      "2 assistant text",
    ])
  })
})
