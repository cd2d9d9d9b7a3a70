import { assert, describe, it } from "@effect/vitest"

import { isContent, type Part } from "../src/ModelCall.ts"
import { delta, end, finish, metadata, start } from "./scripted.ts"

const withContent: ReadonlyArray<Part<"chat">> = [
  delta("a"),
  { type: "reasoning-delta", id: "r", delta: "hm" },
  { type: "text", text: "a" },
  { type: "reasoning", text: "hm" },
  { type: "tool-params-start", id: "c", name: "n" },
  { type: "tool-params-delta", id: "c", delta: "{" },
  { type: "tool-params-end", id: "c" },
  { type: "tool-call", id: "c", name: "n", params: {} },
  { type: "tool-result", id: "c", name: "n", result: 1, isFailure: false },
  { type: "file", mediaType: "image/png", data: "AQID" },
  { type: "source", sourceType: "url", id: "s", url: "https://a.example/", title: "A" },
]

const withoutContent: ReadonlyArray<Part<"chat">> = [
  metadata,
  start,
  end,
  delta(""),
  { type: "reasoning-start", id: "r" },
  { type: "reasoning-delta", id: "r", delta: "" },
  { type: "reasoning-end", id: "r" },
  { type: "tool-params-delta", id: "c", delta: "" },
  { type: "text", text: "" },
  { type: "reasoning", text: "" },
  finish(),
  { type: "error", error: "x" },
]

describe("a part", () => {
  it.each(withContent)("carries content: %o", (part) => {
    assert.isTrue(isContent(part))
  })

  it.each(withoutContent)("carries none: %o", (part) => {
    assert.isFalse(isContent(part))
  })
})
