/**
 * The TypeScript examples of the README, the docs and the JSDoc comments.
 *
 * Each ```` ```ts ```` block is a module of its own. Run as a program, this writes them to `test/generated`, where the type
 * checker finds them; `doctest.ts` runs them.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"

export interface Block {
  /** Where it begins: `docs/order.md:12`. */
  readonly name: string
  readonly code: string
}

const sources = ["README.md", "docs/*.md", "docs/decisions/*.md", "packages/*/src/**/*.ts"]

const fence = /^([ \t]*(?:\* )?)```ts[ \t]*\n([\s\S]*?)^[ \t]*(?:\* )?```/gm

const blocksOf = (file: string): ReadonlyArray<Block> => {
  const text = readFileSync(file, "utf8")
  return [...text.matchAll(fence)].map((match) => {
    const lines = (match[2] ?? "").split("\n")
    const inComment = (match[1] ?? "").includes("*")
    return {
      name: `${file}:${text.slice(0, match.index).split("\n").length + 1}`,
      code: lines.map((line) => (inComment ? line.replace(/^\s*\* ?/, "") : line)).join("\n"),
    }
  })
}

/** All examples, in the order of the files' names. */
export const blocks = (): ReadonlyArray<Block> => globSync(sources).toSorted().flatMap(blocksOf)

if (import.meta.main) {
  const folder = new URL("generated/", import.meta.url)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const { code, name } of blocks()) {
    writeFileSync(
      new URL(`${name.replaceAll(/[/:]/g, "_").replace(/\.(?:md|ts)_/, "-")}.ts`, folder),
      `${code}\nexport {}\n`,
    )
  }
}
