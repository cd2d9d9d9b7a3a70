/**
 * Lets the published code load what it uses and nothing else.
 *
 * The sources say `import { Effect, Layer } from "effect"`, which is good to read; Node loads every module behind such an index, some
 * sixty more than are used, and of `import { Files } from "@holdfast/core"` some eighty. And of `import { type Part } from "…"` the compiler leaves `import {} from "…"`, which loads a module for
 * nothing, and fails where it is of a package that only types come from. Imports stay on their line, so that source maps hold.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"

const index = /^import \{([^}]*)\} from "(effect(?:\/[a-z-]+)?)";$/gm

const core = /^import \{([^}]*)\} from "@holdfast\/core";$/gm

const ofTypesOnly = /^import \{\} from "[^"]*";$/gm

const entriesOf = (list: string): ReadonlyArray<string> =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")

const named = (list: string, from: string): string =>
  entriesOf(list)
    .map((entry) => {
      const [name = "", alias = name] = entry.split(" as ")
      // The index of Effect has functions, too, all of them from one module.
      return /^[a-z]/.test(name)
        ? `import { ${entry} } from "${from}/Function";`
        : `import * as ${alias} from "${from}/${name}";`
    })
    .join(" ")

/** The modules of `@holdfast/core`, by the names that they have in its index. */
const modules = new Map(
  [...readFileSync("packages/core/dist/index.js", "utf8").matchAll(/^export \* as (\w+) from "\.\/(.+)\.js";$/gm)].map(
    ([, name = "", path = ""]) => [name, `@holdfast/core/${path}`],
  ),
)

const ofCore = (list: string): string =>
  entriesOf(list)
    .map((entry) => {
      const [name = "", alias = name] = entry.split(" as ")
      const from = modules.get(name)
      if (from === undefined) throw new Error(`@holdfast/core has no module ${name}`)
      return `import * as ${alias} from "${from}";`
    })
    .join(" ")

for (const file of globSync("packages/*/dist/**/*.js")) {
  const code = readFileSync(file, "utf8")
  const direct = code
    .replaceAll(ofTypesOnly, "")
    .replaceAll(index, (_, list: string, from: string) => named(list, from))
    .replaceAll(core, (_, list: string) => ofCore(list))
  if (direct !== code) writeFileSync(file, direct)
}
