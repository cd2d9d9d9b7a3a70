/** An empty project that installs the packages as anybody would, and what it finds in them. */
import { execFileSync } from "node:child_process"
import { globSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** What npm is told by the script that runs this does not hold for the project. */
export const environment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:npm_|INIT_CWD|[A-Z]+_API_KEY)/i.test(name)),
)

export const npm = (cwd: string, ...args: ReadonlyArray<string>): string =>
  execFileSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd,
    env: environment,
    encoding: "utf8",
  })

/** A project that has our packages from a registry of their own. */
export const emptyProject = (registry: string): string => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-consumer-"))
  writeFileSync(join(folder, ".npmrc"), `@holdfast:registry=${registry}\n`)
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
  return folder
}

type Dependencies = Readonly<Record<string, string>>

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string | null>>
  readonly engines?: { readonly node?: string }
  readonly dependencies?: Dependencies
  readonly peerDependencies?: Dependencies
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** The manifests as they are published. */
export const manifests = (project: string): ReadonlyArray<Manifest> => {
  const scope = join(project, "node_modules/@holdfast")
  return readdirSync(scope).map(
    (name) => JSON.parse(readFileSync(join(scope, name, "package.json"), "utf8")) as Manifest,
  )
}

/** All that may be imported of a package. */
export const modulesOf = (project: string, { exports, name }: Manifest): ReadonlyArray<string> => {
  const folder = join(project, "node_modules", name)
  const paths = Object.entries(exports).flatMap(([path, target]) => {
    if (target === null || !target.endsWith(".js")) return []
    if (!path.includes("*")) return [path]
    return globSync(target.replace(/^\.\//, ""), { cwd: folder })
      .map((file) => path.replace("*", file.replace(/^dist\//, "").replace(/\.js$/, "")))
      .filter((each) => each !== "./index" && exports[each] !== null)
  })
  return paths.map((path) => name + path.slice(1)).toSorted()
}
