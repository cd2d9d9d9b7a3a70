/**
 * The pages for language models: `llms.txt` (https://llmstxt.org) lists them, `llms-full.txt` holds all of them, and each page is there as
 * Markdown under its own address with `.md`.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

import { addressOf, type Group, type Item, root } from "./index.ts"

interface Page {
  readonly text: string
  readonly file: string
}

const pagesOf = (items: ReadonlyArray<Item>): ReadonlyArray<Page> =>
  items.flatMap(({ file, items: below = [], text }) => [
    ...(file === undefined ? [] : [{ text, file }]),
    ...pagesOf(below),
  ])

const read = (file: string): string => readFileSync(join(root, file), "utf8")

/** The first paragraph. */
const summaryOf = (file: string): string => {
  const paragraphs = read(file).split(/\n{2,}/)
  const first = paragraphs.find((text) => /^[A-Z`[*]/.test(text)) ?? ""
  return first
    .replaceAll(/\s+/g, " ")
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim()
}

/** Under the name by which the site has the page. */
const markdownOf = (file: string): string => {
  const address = addressOf(file)
  return `${address.endsWith("/") ? `${address}index` : address}.md`
}

export interface Site {
  readonly title: string
  readonly description: string
  readonly base: string
  readonly out: string
}

export const writeForModels = (guides: ReadonlyArray<Group>, reference: ReadonlyArray<Group>, site: Site): void => {
  const line = ({ file, text }: Page): string => {
    const summary = summaryOf(file)
    return `- [${text}](${site.base.replace(/\/$/, "")}${markdownOf(file)})${summary === "" ? "" : `: ${summary}`}`
  }
  const section = ({ items, text }: Group): string => `## ${text}\n\n${pagesOf(items).map(line).join("\n")}`
  const packages = reference.map(({ items, text }) => ({ text: `@holdfast/${text}`, file: items[0]?.file ?? "" }))
  const head = `# ${site.title}\n\n> ${site.description}`
  const api = `## API reference\n\n${packages.map(line).join("\n")}`
  writeFileSync(join(site.out, "llms.txt"), `${[head, ...guides.map(section), api].join("\n\n")}\n`)

  const pages = guides.flatMap(({ items }) => pagesOf(items))
  const whole = pages.map(({ file }) => `<!-- ${markdownOf(file)} -->\n\n${read(file).trim()}`)
  writeFileSync(join(site.out, "llms-full.txt"), `${[head, ...whole].join("\n\n")}\n`)

  for (const { file } of [...pages, ...reference.flatMap(({ items }) => pagesOf(items))]) {
    const target = join(site.out, markdownOf(file))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, read(file))
  }
}
