/**
 * `pnpm sizes`: what an application's bundle grows by, minified and compressed, with a limit for each. Run it after `pnpm build`.
 *
 * A limit is a little above what was last accepted. Whoever has a reason to go beyond it raises it here, where a review sees it.
 */
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"

import { build } from "esbuild"

import { packed } from "./packed.ts"

interface Size {
  readonly program: string
  /** Whether Effect counts. */
  readonly effect: boolean
  /** Kilobytes, which are 1,000 bytes. */
  readonly limit: number
}

const stack = "export { Deadline, Fallback, ResilientModel, Retry } from"

export const sizes: Readonly<Record<string, Size>> = {
  core: { program: `export * from "@holdfast/core"`, effect: false, limit: 80 },
  stack: { program: `${stack} "@holdfast/core"`, effect: false, limit: 35 },
  stack_with_effect: { program: `${stack} "@holdfast/core"`, effect: true, limit: 105 },
  cost: {
    program: `export { Budget, Ledger, Money, PriceBook, Report } from "@holdfast/cost"`,
    effect: false,
    limit: 71,
  },
  client: { program: `export * from "@holdfast/client"`, effect: false, limit: 1.7 },
}

/** Kilobytes by name, with one decimal. */
export const measured = async (): Promise<ReadonlyMap<string, number>> => {
  const folder = packed("core", "cost", "client")
  const found = new Map<string, number>()
  for (const [name, { effect, program }] of Object.entries(sizes)) {
    const entry = join(folder, `${name}.js`)
    writeFileSync(entry, program)
    // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      platform: "browser",
      target: "es2022",
      logLevel: "error",
      external: ["@pydantic/genai-prices", "gpt-tokenizer", ...(effect ? [] : ["effect"])],
    })
    const bytes = gzipSync(outputFiles[0]!.contents, { level: 9 }).length
    found.set(name, Math.round(bytes / 100) / 10)
  }
  rmSync(folder, { recursive: true })
  return found
}

if (import.meta.main) {
  for (const [name, size] of await measured()) {
    const limit = sizes[name]?.limit ?? 0
    process.stdout.write(`size.${name}_gzip_kb ${size} of ${limit}\n`)
    if (size > limit) {
      process.stderr.write(`${name} is larger than its limit in build/sizes.ts\n`)
      process.exitCode = 1
    }
  }
}
