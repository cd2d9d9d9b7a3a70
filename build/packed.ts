/** A folder where the packages are as they will be published, beside Effect and nothing else. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const packed = (...names: ReadonlyArray<string>): string => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bundle-"))
  for (const name of names) {
    const [from, to] = [join("packages", name), join(folder, "node_modules", "@holdfast", name)]
    mkdirSync(to, { recursive: true })
    cpSync(join(from, "dist"), join(to, "dist"), { recursive: true })
    const manifest = JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as {
      readonly publishConfig: { readonly exports: unknown }
    }
    writeFileSync(join(to, "package.json"), JSON.stringify({ ...manifest, exports: manifest.publishConfig.exports }))
  }
  symlinkSync(realpathSync(join("node_modules", "effect")), join(folder, "node_modules", "effect"))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  return folder
}
