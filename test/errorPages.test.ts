/**
 * Every public typed error has a page under `docs/errors`, every page is about an error that there is, and no message is empty.
 */
import { globSync, readFileSync } from "node:fs"
import { basename } from "node:path"

import { assert, describe, it } from "@effect/vitest"

const declaration =
  /export class (\w+)\s+extends (?:(?:Schema|Data)\.TaggedError\w*[<(]|ConfigProvider\.SourceError\b)/g

const text = (file: string): string => readFileSync(file, "utf8")

/** The classes of errors that a package declares, as far as its reviewed list of exports names them. */
const publicErrors = (folder: string): ReadonlyArray<string> => {
  const exported = text(`${folder}/api.txt`)
  const declared = globSync(`${folder}/src/**/*.ts`).flatMap((file) =>
    [...text(file).matchAll(declaration)].map(([, name = ""]) => name),
  )
  return declared.filter((name) => new RegExp(`\\b${name}\\b`).test(exported))
}

const errors = new Set(globSync("packages/*").flatMap(publicErrors))

/** The error of `effect/ai` that providers fail with. */
const ofEffect = new Set(["AiError"])

const pages = globSync("docs/errors/*.md").filter((file) => basename(file) !== "README.md")

const pageOf = (name: string): string => `docs/errors/${name}.md`

describe("every typed error", () => {
  it("is found", () => assert.isAtLeast(errors.size, 20))

  it.each([...errors])("has a page: %s", (name) => {
    assert.include(pages, pageOf(name))
  })
})

describe("every page", () => {
  it.each(pages)("is about an error that there is, and says what to do: %s", (page) => {
    const name = basename(page, ".md")
    assert.isTrue(errors.has(name) || ofEffect.has(name), `there is no error ${name}`)
    const headings = text(page).match(/^#{1,2} .*$/gm)
    assert.deepStrictEqual(headings?.slice(0, 3), [`# ${name}`, "## What to do", "## To see it less often"])
    assert.include(text("docs/errors/README.md"), `[${name}](${name}.md)`)
  })
})
