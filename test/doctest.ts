/**
 * Runs every example of the documentation as a test.
 *
 * A line `expression // => value` asserts that both are equal, and the text block after an example that it prints just
 * that, durations apart.
 */
import { type Plugin, transformWithOxc } from "vite"

import { type Block, blocks, linked } from "./docBlocks.ts"

const prefix = "virtual:doctest"

const head = `
import { assert as __assert } from "@effect/vitest"
import { Equal as __Equal } from "effect"
const __same = (actual, expected) => { if (!__Equal.equals(actual, expected)) __assert.deepStrictEqual(actual, expected) }
`

const asserted = (code: string): string =>
  code.replaceAll(
    /^(\s*)(.+?);?\s*\/\/ => (.+)$/gm,
    (_, indent: string, expression: string, value: string) => `${indent};__same(${expression}, ${value})`,
  )

// Durations differ from run to run, and on a slow machine they are seconds.
const printing = (code: string, expected: string): string => `
const __lines = []
const __log = console.log
console.log = (...values) => void __lines.push(values.join(" "))
${code}
console.log = __log
const __timeless = (text) => text.replaceAll(/\\b[\\d.]+ m?s\\b/g, "#").trim()
__assert.strictEqual(__timeless(__lines.join("\\n")), __timeless(${JSON.stringify(expected)}))
`

const moduleOf = (block: Block): string => {
  const code = asserted(linked(block, (index) => `${prefix}/${index}.ts`))
  return `${head}${block.prints === undefined ? code : printing(code, block.prints)}\nexport {}`
}

const isTestFile = ({ file }: Block): boolean => file?.endsWith(".test.ts") === true

const suite = (all: ReadonlyArray<Block>): string =>
  [
    `import { describe, it } from "@effect/vitest"`,
    ...all.map(
      (block, index) =>
        `${isTestFile(block) ? "describe" : "it"}(${JSON.stringify(block.name)}, async () => void (await import("${prefix}/${index}.ts")))`,
    ),
  ].join("\n")

/** The virtual module `virtual:doctest` holds the tests. */
export const doctest = (): Plugin => {
  const all = blocks()
  return {
    name: "doctest",
    resolveId: (id) => (id.startsWith(prefix) ? `\0${id === prefix ? `${id}.ts` : id}` : undefined),
    load: (id) => {
      if (!id.startsWith(`\0${prefix}`)) return undefined
      const block = all[Number(/\/(\d+)\.ts$/.exec(id)?.[1])]
      return block === undefined ? suite(all) : transformWithOxc(moduleOf(block), id.slice(1))
    },
  }
}
