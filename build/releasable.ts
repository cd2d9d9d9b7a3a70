/** Fails if the tarballs in `dist` are not a release: changes without a version, a version without a changelog. */
import { execFileSync } from "node:child_process"
import { globSync } from "node:fs"

const complaints = globSync(".changeset/*.md").map((file) => `${file} is not in a version yet: run pnpm versions first`)

const read = (tarball: string, file: string): string =>
  execFileSync("tar", ["-xzOf", tarball, `package/${file}`], { encoding: "utf8" })

const missing = (tarball: string): ReadonlyArray<string> => {
  const files = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).split("\n")
  return ["CHANGELOG.md", "LICENSE", "README.md"].filter((file) => !files.includes(`package/${file}`))
}

const tarballs = globSync("dist/*.tgz")
if (tarballs.length === 0) complaints.push("there are no tarballs in dist: run pnpm tarballs first")

for (const tarball of tarballs) {
  const { version } = JSON.parse(read(tarball, "package.json")) as { readonly version: string }
  const absent = missing(tarball)
  for (const file of absent) complaints.push(`${tarball} has no ${file}`)
  if (version === "0.0.0") complaints.push(`${tarball} has no version`)
  else if (!absent.includes("CHANGELOG.md") && !read(tarball, "CHANGELOG.md").includes(`## ${version}\n`))
    complaints.push(`${tarball}: CHANGELOG.md does not know ${version}`)
}

if (complaints.length > 0) {
  process.stderr.write(`${complaints.join("\n")}\n`)
  process.exitCode = 1
}
