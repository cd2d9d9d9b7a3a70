/**
 * A registry that knows the tarballs of `dist` and nothing else, so that `npm install @holdfast/core` does what it will do once they
 * are published. Package managers ask it for the scope only; the rest comes from where it always comes from.
 *
 * Run as a program it says where it listens, until it is ended.
 */
import { execFileSync, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { globSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import { type AddressInfo } from "node:net"
import { basename, resolve } from "node:path"
import { createInterface } from "node:readline"

import { type Manifest } from "./packed.ts"

const manifestOf = (tarball: string): Manifest =>
  JSON.parse(execFileSync("tar", ["-xzOf", tarball, "package/package.json"], { encoding: "utf8" })) as Manifest

const entryOf = (tarball: string, origin: string) => {
  const manifest = manifestOf(tarball)
  const integrity = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`
  return {
    name: manifest.name,
    "dist-tags": { latest: manifest.version },
    time: { [manifest.version]: "2020-01-01T00:00:00.000Z" },
    versions: {
      [manifest.version]: { ...manifest, dist: { integrity, tarball: `${origin}/${basename(tarball)}` } },
    },
  }
}

const serve = (): void => {
  const tarballs = new Map(globSync("dist/*.tgz").map((file) => [`/${basename(file)}`, resolve(file)]))
  const entries = new Map<string, object>()
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/")
    const [tarball, entry] = [tarballs.get(path), entries.get(path.slice(1))]
    if (tarball !== undefined) response.end(readFileSync(tarball))
    else if (entry !== undefined) response.setHeader("content-type", "application/json").end(JSON.stringify(entry))
    else response.writeHead(404).end("{}")
  })
  server.listen(0, "127.0.0.1", () => {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const tarball of tarballs.values()) {
      const entry = entryOf(tarball, origin)
      entries.set(entry.name, entry)
    }
    process.stdout.write(`${origin}\n`)
  })
}

export interface Registry {
  readonly origin: string
  readonly close: () => void
}

/** In a process of its own, because package managers are waited for. */
export const registry = (): Promise<Registry> =>
  new Promise((found, missing) => {
    const child = spawn(process.execPath, [import.meta.filename], { stdio: ["ignore", "pipe", "inherit"] })
    child.once("exit", (code) => missing(new Error(`the registry ended with ${code}`)))
    createInterface({ input: child.stdout }).once("line", (origin) => found({ origin, close: () => child.kill() }))
  })

if (import.meta.main) serve()
