/** Links of pages that are meant for readers of the repository, made good for readers of the site. */
import { existsSync } from "node:fs"
import { dirname, join, relative } from "node:path"

import { type MarkdownRenderer } from "vitepress"

import { rewrites, root } from "./index.ts"

const repository = join(root, "..")

/** A link in a page, as it is on the site. What is not in the folder of the pages is in the repository, where it has to exist. */
const moved = (href: string, page: string, source: string): string => {
  const [path = "", anchor] = href.split("#")
  if (path === "" || /^(?:[a-z]+:|\/)/.test(path)) return href
  const target = join(root, dirname(page), path)
  const within = relative(root, target)
  const end = anchor === undefined ? "" : `#${anchor}`
  if (!within.startsWith("..")) {
    const name = rewrites[within]
    return name === undefined ? href : `${join(dirname(path), name.split("/").at(-1) ?? "")}${end}`
  }
  if (!existsSync(target)) throw new Error(`docs/${page} links to ${href}, which does not exist`)
  return `${source}/blob/main/${relative(repository, target)}${end}`
}

/** The anchor of a heading, which is the one that GitHub gives it. */
export const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-")

export const links = (markdown: MarkdownRenderer, source: string): void => {
  markdown.core.ruler.push("links", ({ env, tokens }) => {
    for (const { children } of tokens) {
      for (const token of children ?? []) {
        const href = token.type === "link_open" ? token.attrGet("href") : null
        if (href !== null) token.attrSet("href", moved(href, relative(root, (env as { path: string }).path), source))
      }
    }
  })
}
