/**
 * Bundles a small program with what was built, where none of the optional packages is installed, and runs it: with esbuild,
 * with Vite, which is Rolldown, and with webpack. Run it after `pnpm build`.
 */
import { execFileSync } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"

import { build as esbuild } from "esbuild"
import { build as vite } from "vite"
import webpack from "webpack"

import { packed } from "./packed.ts"

const program = `
import { Estimate, Ledger, Money, PriceBook } from "@holdfast/cost"
import { Effect, Layer } from "effect"

const subject = { attempt: "a1", index: 1, provider: "openai", model: "gpt-6.1-terra", tags: {} }
const reservation = { id: "r1", subject, worst: Money.zero, claims: [], expiresAt: 60_000 }
const reserved = Effect.flatMap(Ledger.Ledger, ({ reserve }) => reserve(reservation))
const outcome = (effect) => Effect.match(effect, { onFailure: ({ _tag }) => _tag, onSuccess: () => "loaded" })
const all = Effect.all([
  Effect.map(Effect.provide(reserved, Ledger.layerMemory()), ({ _tag }) => _tag),
  outcome(PriceBook.genaiPrices),
  outcome(Effect.scoped(Layer.build(Estimate.layerGptTokenizer))),
])
console.log((await Effect.runPromise(all)).join(" "))
`

const expected = "Admitted PackageMissing PackageMissing"

const folder = packed("core", "cost")
const at = (...names: ReadonlyArray<string>) => join(folder, ...names)
writeFileSync(at("program.js"), program)

const webpacked = (outfile: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const compiler = webpack({
      mode: "production",
      context: folder,
      entry: at("program.js"),
      target: "node",
      experiments: { outputModule: true },
      output: { path: folder, filename: basename(outfile), module: true },
    })
    compiler.run((error, stats) => {
      if (error !== null) reject(error)
      else if (stats?.hasErrors() === true) reject(new Error(stats.toString("errors-only")))
      else resolve()
    })
  })

const bundlers: Readonly<Record<string, (outfile: string) => Promise<unknown>>> = {
  esbuild: (outfile) =>
    esbuild({
      entryPoints: [at("program.js")],
      bundle: true,
      format: "esm",
      platform: "node",
      outfile,
      logLevel: "error",
    }),
  vite: (outfile) =>
    vite({
      root: folder,
      logLevel: "error",
      ssr: { noExternal: true },
      build: {
        ssr: "program.js",
        outDir: folder,
        emptyOutDir: false,
        rolldownOptions: { output: { entryFileNames: basename(outfile) } },
      },
    }),
  webpack: (outfile) => webpacked(outfile),
}

const failed: Array<string> = []
for (const [name, bundle] of Object.entries(bundlers)) {
  const outfile = at(`${name}.mjs`)
  // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
  await bundle(outfile)
  const printed = execFileSync(process.execPath, [outfile], { encoding: "utf8" }).trim()
  process.stdout.write(`${name}: ${printed}\n`)
  if (printed !== expected) failed.push(name)
}
rmSync(folder, { recursive: true })
process.exit(failed.length === 0 ? 0 : 1)
