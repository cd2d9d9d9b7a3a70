import { assert, describe, it } from "@effect/vitest"

import { isAsSaid, stepsOf } from "../consumers/page.ts"

const page = [
  "# Begin",
  "```sh",
  "npm init -y",
  "```",
  "```ts",
  "// file: src/first.ts",
  "console.log(1)",
  "```",
  "```ts",
  "const shown = true",
  "```",
  "```sh",
  "node src/first.ts",
  "```",
  "",
  "```text",
  "1",
  "```",
  "<!-- newcomer: skip -->",
  "```sh",
  "rm -rf /",
  "```",
  "Words, and then what is no output of a command:",
  "```text",
  "2",
  "```",
].join("\n")

describe("a page for newcomers", () => {
  it("is followed in its order", () => {
    assert.deepStrictEqual(stepsOf(page), [
      { kind: "type", line: 2, command: "npm init -y\n", prints: undefined },
      { kind: "save", line: 5, name: "src/first.ts", content: "console.log(1)\n" },
      { kind: "type", line: 12, command: "node src/first.ts\n", prints: "1\n" },
    ])
  })

  it("says what is shown, with dots for what differs from time to time", () => {
    assert.isTrue(isAsSaid("a (1)\n", "a (1)\n\n"))
    assert.isFalse(isAsSaid("a\n", "a\nb\n"))
    assert.isFalse(isAsSaid("a.c\n", "abc\n"))
    assert.isTrue(isAsSaid("took ... ms\n", "took 12 ms\n"))
    assert.isFalse(isAsSaid("took ... ms\n", "took\n12 ms\n"))
    assert.isTrue(isAsSaid("...\nTests ...2 passed...\n...\n", "RUN\n\nTests  2 passed (2)\nDone\n"))
    assert.isFalse(isAsSaid("...\nTests ...2 passed...\n...\n", "RUN\n\nTests  1 failed | 1 passed (2)\n"))
    assert.isTrue(isAsSaid("a\n...\n", "a"))
  })
})
