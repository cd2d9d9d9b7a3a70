import { readFileSync } from "node:fs"
import { join } from "node:path"

import { type DefaultTheme, defineConfig } from "vitepress"

import { addressOf, type Group, groups, type Item, reference, rewrites, root } from "./index.ts"
import { anchorOf, links } from "./links.ts"
import { writeForModels } from "./llms.ts"

const { description, homepage } = JSON.parse(readFileSync(join(root, "../package.json"), "utf8")) as {
  readonly description: string
  readonly homepage: string
}

const title = "Holdfast"
const base = process.env["SITE_BASE"] ?? "/"
const [guides, api] = [groups(), reference()]

const itemOf = ({ file, items, text }: Item): DefaultTheme.SidebarItem => ({
  text,
  ...(file === undefined ? {} : { link: addressOf(file) }),
  ...(items === undefined ? {} : { items: items.map(itemOf), collapsed: true }),
})

const sidebarOf = (list: ReadonlyArray<Group>, collapsed: boolean): Array<DefaultTheme.SidebarItem> =>
  list.map(({ items, text }) => ({ text, collapsed, items: items.map(itemOf) }))

const first = guides[0]?.items[0]?.file ?? "README.md"

export default defineConfig({
  title,
  description,
  base,
  lang: "en",
  cleanUrls: true,
  rewrites: { ...rewrites },
  srcExclude: ["node_modules/**"],
  head: [
    ["link", { rel: "icon", type: "image/svg+xml", href: `${base}logo.svg` }],
    ["link", { rel: "alternate", type: "text/plain", title: "llms.txt", href: `${base}llms.txt` }],
    ["meta", { name: "theme-color", content: "#0f766e" }],
  ],
  markdown: {
    theme: { light: "github-light", dark: "github-dark" },
    anchor: { slugify: anchorOf },
    config: (markdown) => links(markdown, homepage),
  },
  vite: { build: { chunkSizeWarningLimit: 5_000 } },
  themeConfig: {
    logo: "/logo.svg",
    outline: { level: [2, 3] },
    search: {
      provider: "local",
      options: {
        miniSearch: {
          searchOptions: {
            // Pages first, then the reference, then why things are as they are. It runs in the browser, on its own.
            boostDocument: (id: string) => (id.includes("/decisions/") ? 0.3 : id.includes("/api/") ? 0.6 : 1),
          },
        },
      },
    },
    socialLinks: [{ icon: "github", link: homepage }],
    editLink: { pattern: `${homepage}/edit/main/docs/:path`, text: "Improve this page" },
    nav: [
      { text: "Guide", link: addressOf(first), activeMatch: "^/(?!api|providers|benchmarks|$)" },
      { text: "Providers", link: "/providers/", activeMatch: "^/providers/" },
      { text: "API", link: "/api/", activeMatch: "^/api/" },
      { text: "Benchmarks", link: "/benchmarks" },
    ],
    sidebar: { "/api/": sidebarOf(api, true), "/": sidebarOf(guides, false) },
    footer: { message: "MIT licence", copyright: "The Holdfast contributors" },
  },
  transformPageData: ({ filePath, frontmatter }) => {
    // The reference is written by a program, from the comments in the code.
    if (filePath.startsWith("api/")) Object.assign(frontmatter, { editLink: false, pageClass: "reference" })
    if (filePath === "index.md") frontmatter["hero"].actions[0].link = addressOf(first)
  },
  buildEnd: ({ outDir }) => writeForModels(guides, api, { title, description, base, out: outDir }),
})
