/**
 * What a page tells a reader to do, in its order.
 *
 * - A `sh` block is typed into a shell. A `text` block after it is what is seen then: `...` stands for anything in a line, and a line of
 *   nothing else for any lines.
 * - A block whose first line is `// file: NAME` is saved under that name.
 * - `<!-- newcomer: skip -->` before a block leaves it out.
 */
export type Step =
  | { readonly kind: "save"; readonly line: number; readonly name: string; readonly content: string }
  | { readonly kind: "type"; readonly line: number; readonly command: string; readonly prints: string | undefined }

const fence = /(<!-- newcomer: skip -->\s*\n)?^```(\w+)[^\n]*\n([\s\S]*?)^```[ \t]*$/gm

const fileName = /^\/\/ file: (\S+)\n/

export const stepsOf = (page: string): ReadonlyArray<Step> => {
  const steps: Array<Step> = []
  let end = 0
  for (const match of page.matchAll(fence)) {
    const [whole, skip, language, content = ""] = match
    const line = page.slice(0, match.index).split("\n").length
    const last = steps.at(-1)
    const [first, name] = fileName.exec(content) ?? []
    const follows = page.slice(end, match.index).trim() === ""
    end = match.index + whole.length
    if (skip !== undefined) continue
    if (language === "sh") steps.push({ kind: "type", line, command: content, prints: undefined })
    else if (first !== undefined && name !== undefined)
      steps.push({ kind: "save", line, name, content: content.slice(first.length) })
    else if (language === "text" && follows && last?.kind === "type")
      steps[steps.length - 1] = { ...last, prints: content }
  }
  return steps
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/** Whether a terminal shows what a page says that it shows. */
export const isAsSaid = (said: string, shown: string): boolean => {
  const lines = said
    .trim()
    .split("\n")
    .map((line) => (line.trim() === "..." ? "(?:.*\n)*" : `${line.split("...").map(escaped).join(".*")}[ \t]*\n`))
  return new RegExp(`^${lines.join("")}$`).test(`${shown.trim()}\n`)
}
