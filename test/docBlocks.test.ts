/**
 * Every example of the documentation proves something, and every link leads to a page that there is.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

import { assert, describe, it } from "@effect/vitest"

import { type Block, blocks } from "./docBlocks.ts"

const all = blocks()

/** Files that a later block of the page imports: that block asserts what they do. */
const imported = new Set(
  all.flatMap(({ code, siblings }) =>
    [...siblings].filter(([file]) => code.includes(`"./${file}"`)).map(([, index]) => all[index]),
  ),
)

const asserts = (block: Block): boolean =>
  block.code.includes("// => ") ||
  block.prints !== undefined ||
  block.file?.endsWith(".test.ts") === true ||
  imported.has(block)

// Needs a key in the reader's own environment.
const shown = new Set(["main.ts"])

describe("the examples", () => {
  it("are found", () => assert.isAtLeast(all.length, 300))

  it("assert something, each of them", () => {
    const idle = all.filter((block) => !asserts(block) && !shown.has(block.file ?? ""))
    assert.deepStrictEqual(
      idle.map(({ name }) => name),
      [],
    )
  })

  it("assert more than that there is a value of some type", () => {
    const weak = all.filter(({ code }) => /typeof \S+ \/\/ => "(?:function|object)"/.test(code))
    assert.deepStrictEqual(
      weak.map(({ name }) => name),
      [],
    )
  })
})

// The site has a front page and a reference of its own, which `build/site.ts` looks at.
const exclude = ["docs/index.md", "docs/api/**"]

const pages = globSync(["README.md", "docs/*.md", "docs/*/*.md"], { exclude })

const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-")

const anchors = (page: string): ReadonlyArray<string> =>
  [...readFileSync(page, "utf8").matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading))

const brokenLinks = (page: string): ReadonlyArray<string> =>
  [...readFileSync(page, "utf8").matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^https?:/.test(target))
    .filter((target) => {
      const [path = "", anchor] = target.split("#")
      const file = path === "" ? page : join(dirname(page), path)
      if (!existsSync(file)) return true
      return anchor !== undefined && file.endsWith(".md") && !anchors(file).includes(anchor)
    })

describe("the links", () => {
  it.each(pages)("of %s lead somewhere", (page) => {
    assert.deepStrictEqual(brokenLinks(page), [])
  })
})

it("every page of the documentation is in its index, or in the index of its folder", () => {
  const index = readFileSync("docs/README.md", "utf8")
  const missing = globSync(["docs/*.md", "docs/*/*.md"], { exclude }).filter((page) => {
    const [folder, name] = page.replace("docs/", "").split("/")
    if (page === "docs/README.md" || name === "README.md") return false
    if (index.includes(`(${page.replace("docs/", "")}`)) return false
    const own = `docs/${folder}/README.md`
    return name === undefined || !existsSync(own) || !readFileSync(own, "utf8").includes(`(${name}`)
  })
  assert.deepStrictEqual(missing, [])
})
