/**
 * The TypeScript examples of the README, the docs and the JSDoc comments.
 *
 * Each ```` ```ts ```` block is a module of its own. A ```` ```text ```` block right after it is what it prints. A block that
 * begins with `// file: name.ts` is a file that the reader saves: later blocks of the page import it as `./name.ts`, what it
 * prints stands below the command `node name.ts`, and a `name.test.ts` is a test file. Run as a program, this writes the modules
 * to `test/generated`, where the type checker finds them; `doctest.ts` runs them.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"

export interface Block {
  /** Where it begins: `docs/order.md:12`. */
  readonly name: string
  readonly code: string
  readonly prints: string | undefined
  /** The file that the reader saves it as. */
  readonly file: string | undefined
  /** The files of the page that the block can import, each as the place of a block among all blocks. */
  readonly siblings: ReadonlyMap<string, number>
}

const sources = ["README.md", "docs/*.md", "docs/*/*.md", "packages/*/README.md", "packages/*/src/**/*.ts"]

const fence = /^([ \t]*(?:\* )?)```ts[ \t]*\n([\s\S]*?)^[ \t]*(?:\* )?```(?:\s*\n```text\n([\s\S]*?)^```)?/gm

const fileName = /^\/\/ file: (\S+)/

const printsOfCommand = (after: string, file: string | undefined): string | undefined => {
  const commands = /```sh\n([\s\S]*?)^```\s*\n```text\n([\s\S]*?)^```/m.exec(after.split(/^```ts/m)[0] ?? "")
  return commands?.[1]?.trim() === `node ${file}` ? commands[2] : undefined
}

type Found = Omit<Block, "siblings">

const blocksOf = (file: string): ReadonlyArray<Found> => {
  const text = readFileSync(file, "utf8")
  return [...text.matchAll(fence)].map((match) => {
    const lines = (match[2] ?? "").split("\n")
    const inComment = (match[1] ?? "").includes("*")
    const code = lines.map((line) => (inComment ? line.replace(/^\s*\* ?/, "") : line)).join("\n")
    const saved = fileName.exec(code)?.[1]
    return {
      name: `${file}:${text.slice(0, match.index).split("\n").length + 1}`,
      code,
      prints: match[3] ?? printsOfCommand(text.slice(match.index + match[0].length), saved),
      file: saved,
    }
  })
}

/** All examples, in the order of the files' names. */
export const blocks = (): ReadonlyArray<Block> => {
  const all: Array<Block> = []
  for (const file of globSync(sources).toSorted()) {
    const siblings = new Map<string, number>()
    for (const block of blocksOf(file)) {
      all.push({ ...block, siblings: new Map(siblings) })
      if (block.file !== undefined) siblings.set(block.file, all.length - 1)
    }
  }
  return all
}

/** The code of a block, with its imports of other files of the page renamed. */
export const linked = ({ code, siblings }: Block, target: (index: number) => string): string =>
  code.replaceAll(/(\bfrom |\bimport )"\.\/([^"]+)"/g, (whole, keyword: string, file: string) => {
    const index = siblings.get(file)
    return index === undefined ? whole : `${keyword}"${target(index)}"`
  })

if (import.meta.main) {
  const folder = new URL("generated/", import.meta.url)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const all = blocks()
  const fileOf = (name: string) => `${name.replaceAll(/[/:]/g, "_").replace(/\.(?:md|ts)_/, "-")}.ts`
  for (const block of all) {
    const code = linked(block, (index) => `./${fileOf(all[index]?.name ?? "")}`)
    writeFileSync(new URL(fileOf(block.name), folder), `${code}\nexport {}\n`)
  }
}
