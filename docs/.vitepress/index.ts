/**
 * The structure of the site, which is that of `docs/README.md`: its headings are groups of the sidebar, and the pages that it links to
 * their items. Where it links to the `README.md` of a folder, the pages of that one stand in a group below.
 */
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, normalize, relative, sep } from "node:path"

/** The folder of the pages. */
export const root = join(import.meta.dirname, "..")

export interface Item {
  readonly text: string
  /** Below the folder of the pages, with its ending. */
  readonly file?: string
  readonly items?: ReadonlyArray<Item>
}

export interface Group {
  readonly text: string
  readonly items: ReadonlyArray<Item>
}

const textOf = (file: string): string => readFileSync(join(root, file), "utf8")

const titleOf = (file: string): string => (/^# (.*)$/m.exec(textOf(file))?.[1] ?? file).replaceAll("`", "")

const link = /\[([^\]]+)\]\(([^)#\s]+\.md)(?:#[^)]*)?\)/g

/** The pages that a text links to, each once. */
const linksIn = (text: string, folder: string, seen: Set<string>): ReadonlyArray<Item> =>
  [...text.matchAll(link)].flatMap(([, label = "", target = ""]): ReadonlyArray<Item> => {
    const file = normalize(join(folder, target))
    if (target.includes(":") || file.startsWith("..") || seen.has(file) || !existsSync(join(root, file))) return []
    seen.add(file)
    // Words in the middle of a sentence are no name.
    const name = /^[A-Z]/.test(label) ? label.replaceAll("`", "") : titleOf(file)
    return [file.endsWith("README.md") ? nested(name, file, seen) : { text: name, file }]
  })

const nested = (text: string, file: string, seen: Set<string>): Item => ({
  text,
  file,
  items: linksIn(textOf(file), dirname(file), seen),
})

const index = "README.md"

const home = "index.md"

/** The groups, in the order of the index. A page that no index mentions would not be found: it is an error. */
export const groups = (): ReadonlyArray<Group> => {
  const seen = new Set([index])
  const found = textOf(index)
    .split(/^## /m)
    .slice(1)
    .map((section) => ({ text: section.split("\n", 1)[0] ?? "", items: linksIn(section, ".", seen) }))
    .filter(({ items }) => items.length > 0)
  const lost = globSync("**/*.md", { cwd: root, exclude: (path) => /^(?:node_modules|api|\.vitepress)\b/.test(path) })
    .filter((file) => file !== home && !seen.has(file))
    .map((file) => file.replaceAll(sep, "/"))
  if (lost.length > 0) throw new Error(`No README.md in docs links to ${lost.join(", ")}`)
  return found
}

/** The pages of the reference, which TypeDoc writes: a group for each package, and an item for each module. */
export const reference = (): ReadonlyArray<Group> =>
  globSync("api/@holdfast/**/index.md", { cwd: root })
    .toSorted()
    .map((file) => {
      const folder = join(root, dirname(file), "namespaces")
      const modules = existsSync(folder) ? readdirSync(folder).filter((each) => each.endsWith(".md")) : []
      const items = modules
        .map((each) => relative(root, join(folder, each)))
        .map((each) => ({ text: titleOf(each), file: each }))
        .toSorted((a, b) => (a.text < b.text ? -1 : 1))
      return {
        text: dirname(file).replace("api/@holdfast/", ""),
        items: [{ text: "Overview", file }, ...items],
      }
    })

/** Where a page is on the site. */
export const rewrites: Readonly<Record<string, string>> = {
  [index]: "pages.md",
  ...Object.fromEntries(
    globSync("*/README.md", { cwd: root }).map((file) => [file, file.replace("README.md", "index.md")]),
  ),
}

/** The address of a page, without the base of the site. */
export const addressOf = (file: string): string =>
  `/${(rewrites[file] ?? file).replace(/(?:^|(?<=\/))index\.md$/, "").replace(/\.md$/, "")}`
