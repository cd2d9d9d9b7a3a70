/**
 * Runs every example of the documentation as a test: a line `expression // => value` asserts that both are equal.
 */
import { type Plugin, transformWithOxc } from "vite"

import { type Block, blocks } from "./docBlocks.ts"

const prefix = "virtual:doctest"

const asserted = ({ code }: Block): string =>
  [
    `import { assert as __assert } from "@effect/vitest"`,
    `import { Equal as __Equal } from "effect"`,
    `const __same = (actual, expected) => { if (!__Equal.equals(actual, expected)) __assert.deepStrictEqual(actual, expected) }`,
    code.replaceAll(
      /^(\s*)(.+?);?\s*\/\/ => (.+)$/gm,
      (_, indent: string, expression: string, value: string) => `${indent};__same(${expression}, ${value})`,
    ),
    "export {}",
  ].join("\n")

const suite = (all: ReadonlyArray<Block>): string =>
  [
    `import { it } from "@effect/vitest"`,
    ...all.map(({ name }, index) => `it(${JSON.stringify(name)}, () => import("${prefix}/${index}.ts"))`),
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
      return block === undefined ? suite(all) : transformWithOxc(asserted(block), id.slice(1))
    },
  }
}
