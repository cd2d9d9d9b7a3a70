/**
 * What the manifests of all packages have in common comes from the manifest of the repository, and what npm shows of each is complete.
 * `--write` brings them up to date, for instance after the repository has moved.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"

type Manifest = Record<string, unknown> & { readonly name: string }

const read = (file: string): Manifest => JSON.parse(readFileSync(file, "utf8")) as Manifest

const root = read("package.json") as Manifest & {
  readonly homepage: string
  readonly repository: { readonly url: string }
}

const shared = (directory: string): Record<string, unknown> => ({
  homepage: `${root.homepage}/tree/main/${directory}`,
  bugs: root["bugs"],
  license: root["license"],
  author: root["author"],
  repository: { ...root.repository, directory },
})

/** In the order in which the formatter writes them. */
const order =
  "name version description keywords homepage bugs license author repository bin files type sideEffects exports".split(
    " ",
  )

const inOrder = (manifest: Manifest): Manifest =>
  Object.fromEntries(
    Object.entries(manifest).toSorted(([a], [b]) => {
      const [first, second] = [order.indexOf(a), order.indexOf(b)]
      return (first === -1 ? order.length : first) - (second === -1 ? order.length : second)
    }),
  ) as Manifest

const write = process.argv.includes("--write")

const complain = (message: string): void => {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}

for (const directory of globSync("packages/*").toSorted()) {
  const file = join(directory, "package.json")
  const manifest = read(file)
  const complete = { ...manifest, ...shared(directory) }
  if (write) writeFileSync(file, `${JSON.stringify(inOrder(complete), null, 2)}\n`)
  else if (JSON.stringify(inOrder(manifest)) !== JSON.stringify(inOrder(complete)))
    complain(`${file} differs from package.json of the repository. Bring it up to date with: pnpm manifests`)
  if (manifest.name !== `@holdfast/${basename(directory)}`) complain(`${file}: the name is not that of the folder`)
  for (const field of ["description", "keywords", "engines", "exports", "publishConfig"]) {
    if (manifest[field] === undefined) complain(`${file}: ${field} is missing`)
  }
  if (manifest["type"] !== "module" || manifest["sideEffects"] !== false) complain(`${file}: type or sideEffects`)
  if (manifest["scripts"] !== undefined) complain(`${file}: scripts are published, too, without what they need`)
  if (!JSON.stringify(manifest["files"]).includes("CHANGELOG.md")) complain(`${file}: CHANGELOG.md is not in files`)
  if (!existsSync(join(directory, "README.md"))) complain(`${directory} has no README.md`)
}
