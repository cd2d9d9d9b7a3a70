/**
 * Lets the published code import the modules of Effect that it uses, in place of the index that loads all of them.
 *
 * The sources say `import { Effect, Layer } from "effect"`, which is good to read. Node loads every module behind that index,
 * some sixty more than are used. Imports stay on their line, so that source maps hold.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"

const barrel = /^import \{([^}]*)\} from "(effect)";$/gm

const named = (list: string, from: string): string =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
    .map((entry) => {
      const [name = "", alias = name] = entry.split(" as ")
      // The index has functions, too, all of them from one module.
      return /^[a-z]/.test(name)
        ? `import { ${entry} } from "${from}/Function";`
        : `import * as ${alias} from "${from}/${name}";`
    })
    .join(" ")

for (const file of globSync("packages/*/dist/**/*.js")) {
  const code = readFileSync(file, "utf8")
  const direct = code.replaceAll(barrel, (_, list: string, from: string) => named(list, from))
  if (direct !== code) writeFileSync(file, direct)
}
