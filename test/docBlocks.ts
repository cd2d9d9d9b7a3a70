/**
 * The TypeScript examples of the README, the docs and the JSDoc comments.
 *
 * Each ```` ```ts ```` block is a module of its own. A ```` ```text ```` block right after it is what it prints. Run as a program,
 * this writes the modules to `test/generated`, where the type checker finds them; `doctest.ts` runs them.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"

export interface Block {
  /** Where it begins: `docs/order.md:12`. */
  readonly name: string
  readonly code: string
  readonly prints: string | undefined
}

const sources = [
  "README.md",
  "docs/*.md",
  "docs/decisions/*.md",
  "docs/providers/*.md",
  "packages/*/README.md",
  "packages/*/src/**/*.ts",
]

const fence = /^([ \t]*(?:\* )?)```ts[ \t]*\n([\s\S]*?)^[ \t]*(?:\* )?```(?:\s*\n```text\n([\s\S]*?)^```)?/gm

const blocksOf = (file: string): ReadonlyArray<Block> => {
  const text = readFileSync(file, "utf8")
  return [...text.matchAll(fence)].map((match) => {
    const lines = (match[2] ?? "").split("\n")
    const inComment = (match[1] ?? "").includes("*")
    return {
      name: `${file}:${text.slice(0, match.index).split("\n").length + 1}`,
      code: lines.map((line) => (inComment ? line.replace(/^\s*\* ?/, "") : line)).join("\n"),
      prints: match[3],
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
    const file = `${name.replaceAll(/[/:]/g, "_").replace(/\.(?:md|ts)_/, "-")}.ts`
    writeFileSync(new URL(file, folder), `${code}\nexport {}\n`)
  }
}
