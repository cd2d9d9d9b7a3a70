/** Every package that published code names is one that its manifest names: as a dependency, or as a peer. */
import { globSync, readFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { join } from "node:path"

import { type Manifest } from "./packed.ts"

const specifier = /(?:\bfrom|\bimport)\s*\(?\s*"((?:@[\w-]+\/)?[a-z][\w./-]*)"/g

const comment = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm

const packageOf = (name: string): string =>
  name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/")

export const undeclared = (project: string, manifest: Manifest): ReadonlyArray<string> => {
  const declared = new Set([
    manifest.name,
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
  ])
  const cwd = join(project, "node_modules", manifest.name)
  return globSync("dist/**/*.{js,d.ts}", { cwd }).flatMap((file) => {
    const code = readFileSync(join(cwd, file), "utf8").replaceAll(comment, "")
    return [...code.matchAll(specifier)]
      .map(([, name = ""]) => name)
      .filter((name) => !isBuiltin(name) && !declared.has(packageOf(name)))
      .map((name) => `${manifest.name}/${file} imports ${name}, which its package.json does not name`)
  })
}
