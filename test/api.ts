/**
 * Compares the public API of each package with the list that was reviewed, `packages/<name>/api.txt`. With `--write` the list
 * is made anew; the change is then reviewed with the commit.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"

const write = process.argv.includes("--write")

interface Manifest {
  readonly exports: Readonly<Record<string, string | null>>
}

/** The compiled declarations of the modules that the package exports. */
const declarations = (directory: string): ReadonlyArray<string> => {
  const { exports }: Manifest = JSON.parse(readFileSync(`${directory}/package.json`, "utf8"))
  const sources = Object.values(exports).filter((path): path is string => path?.endsWith(".ts") === true)
  return sources
    .flatMap((path) => globSync(`${directory}/${path.replace("/*.ts", "/**/*.ts")}`))
    .filter((path) => !path.includes("/internal/"))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((path) => path.replace("/src/", "/dist/").replace(/\.ts$/, ".d.ts"))
}

/** What a module exports, without what people read beside it. */
const signatures = (file: string): string =>
  readFileSync(file, "utf8")
    .replaceAll(/\/\*\*?(?!\/)[\s\S]*?\*\//g, "")
    .replaceAll(/^\/\/.*$/gm, "")
    .replaceAll(/^import .*$/gm, "")
    .replaceAll(/\n\s*\n+/g, "\n")
    .trim()

/** The declarations in an internal module of what a public one exports. */
const declared = (file: string, names: ReadonlyArray<string>): ReadonlyArray<string> =>
  signatures(file)
    .split(/\n(?=export |declare )/)
    .filter((text) =>
      names.includes(/^export (?:declare )?(?:const|class|interface|type|function) (\w+)/.exec(text)?.[1] ?? ""),
    )

/** A module with what it exports from internal ones in the place of the names. */
const complete = (file: string): string =>
  signatures(file).replaceAll(
    /^export (?:type )?\{([^}]*)\} from "(\.[^"]*\/internal\/[^"]*|\.\/internal\/[^"]*)\.ts";$/gm,
    (whole, list: string, path: string) => {
      const names = list.split(",").map((name) => name.replace("type ", "").split(" as ")[0]?.trim() ?? "")
      return [whole, ...declared(join(dirname(file), `${path}.d.ts`), names)].join("\n")
    },
  )

const listOf = (directory: string): string =>
  declarations(directory)
    .map((file) => `## ${relative(`${directory}/dist`, file).replace(".d.ts", "")}\n\n${complete(file)}\n`)
    .join("\n")

for (const directory of globSync("packages/*").toSorted((a, b) => (a < b ? -1 : 1))) {
  const file = `${directory}/api.txt`
  const list = listOf(directory)
  if (write) writeFileSync(file, list)
  else if (!existsSync(file) || readFileSync(file, "utf8") !== list) {
    process.stderr.write(
      `${file} is not what ${directory} exports. Review the change with: pnpm api && git diff ${file}\n`,
    )
    process.exitCode = 1
  }
}
