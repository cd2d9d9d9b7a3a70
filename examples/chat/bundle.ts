/** The page as a browser takes it, made when the example starts. */
import { fileURLToPath } from "node:url"

import { Effect } from "effect"
import { build, type Rolldown } from "vite"

type Output = ReadonlyArray<Rolldown.OutputChunk | Rolldown.OutputAsset>

const output = Effect.promise(
  () =>
    build({
      root: fileURLToPath(new URL("page/", import.meta.url)),
      configFile: false,
      logLevel: "silent",
      define: { "process.env.NODE_ENV": '"production"' },
      oxc: { jsx: { runtime: "automatic", development: false } },
      build: {
        write: false,
        lib: { entry: "main.tsx", formats: ["es"], fileName: "page" },
        rollupOptions: { output: { codeSplitting: false, minify: true } },
      },
    }) as Promise<unknown> as Promise<ReadonlyArray<{ readonly output: Output }>>,
)

export const bundled = Effect.map(output, (all) => {
  const files = all.flatMap((each) => each.output)
  const script = files.flatMap((file) => (file.type === "chunk" ? [file.code] : []))
  const style = files.flatMap((file) => (file.type === "asset" ? [String(file.source)] : []))
  return { script: script.join("\n"), style: style.join("\n") }
})
