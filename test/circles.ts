/**
 * Fails if modules of the packages import each other in a circle, type-only imports included.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"

const files = globSync("packages/*/src/**/*.ts")
const imports = new Map(files.map((file) => [file, importsOf(file)]))

function importsOf(file: string): ReadonlyArray<string> {
  const found = readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)
  return [...found].map(([, path = ""]) => normalize(join(dirname(file), path))).filter((path) => existsSync(path))
}

/** A way from a module back to itself, if there is one. */
const circleFrom = (start: string): ReadonlyArray<string> | undefined => {
  const seen = new Set<string>()
  const search = (path: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
    for (const next of imports.get(path.at(-1) ?? "") ?? []) {
      if (next === start) return [...path, next]
      if (seen.has(next)) continue
      seen.add(next)
      const found = search([...path, next])
      if (found !== undefined) return found
    }
    return undefined
  }
  return search([start])
}

const circles = new Map<string, ReadonlyArray<string>>()
for (const file of files) {
  const circle = circleFrom(file)
  if (circle !== undefined) circles.set([...new Set(circle)].toSorted((a, b) => (a < b ? -1 : 1)).join(), circle)
}
for (const circle of circles.values()) process.stderr.write(`circle: ${circle.join(" -> ")}\n`)
process.exitCode = circles.size === 0 ? 0 : 1
