/** Bundles as an application's own build would, minified, with React apart. */
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

import { build, type Rolldown } from "vite"

const root = fileURLToPath(new URL("../..", import.meta.url))

export interface BundleOptions {
  /** A module, or a path below the package. */
  readonly entry: string
  readonly external?: ReadonlyArray<string>
  readonly alias?: Readonly<Record<string, string>>
}

/** A bundle of one file. */
export const bundle = async ({ alias = {}, entry, external = [] }: BundleOptions): Promise<string> => {
  const output = (await build({
    root,
    configFile: false,
    logLevel: "silent",
    define: { "process.env.NODE_ENV": '"production"' },
    // A test runner is no production to Vite, which then compiles for a React that is not there.
    oxc: { jsx: { runtime: "automatic", development: false } },
    resolve: { alias },
    build: {
      write: false,
      target: "es2022",
      lib: { entry, formats: ["es"], fileName: "bundle" },
      minify: true,
      rollupOptions: { external: [...external], output: { codeSplitting: false, minify: true } },
    },
  })) as unknown as ReadonlyArray<{ readonly output: ReadonlyArray<Rolldown.OutputChunk> }>
  return output[0]?.output[0]?.code ?? ""
}

export const gzipBytes = (code: string): number => gzipSync(code, { level: 9 }).length
