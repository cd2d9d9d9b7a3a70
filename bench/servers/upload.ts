/**
 * Uploads 500 MB by itself and says how much memory its process had at most: `node bench/servers/upload.ts VENDOR SOURCE URL PATH`.
 */
import { readFileSync } from "node:fs"

import { Files, FileSource } from "@holdfast/core"
import { Effect, Redacted, Stream } from "effect"

const [, , vendor, from, url = "", path = ""] = process.argv
const apiKey = Redacted.make("sk-bench")
const size = 500_000_000

/** As much again and again, so that the source itself takes no memory. */
const generated = Stream.fromIterable(
  (function* () {
    const piece = new Uint8Array(250_000)
    for (let at = 0; at < size; at += piece.byteLength) yield piece
  })(),
)

const source =
  from === "path" ? FileSource.path(path) : FileSource.stream(generated, { fileName: "generated.bin", size })

// Only one of them is loaded.
const providers = {
  openai: () =>
    import("@holdfast/openai").then(({ OpenAiClient, OpenAiFiles }) =>
      Effect.provide(OpenAiFiles.make(), OpenAiClient.layer({ apiKey, apiUrl: `${url}/openai/v1` })),
    ),
  anthropic: () =>
    import("@holdfast/anthropic").then(({ AnthropicClient, AnthropicFiles }) =>
      Effect.provide(AnthropicFiles.make, AnthropicClient.layer({ apiKey, apiUrl: `${url}/anthropic` })),
    ),
  google: () =>
    import("@holdfast/google").then(({ GoogleClient, GoogleFiles }) =>
      Effect.provide(GoogleFiles.make, GoogleClient.layer({ apiKey, apiUrl: `${url}/google` })),
    ),
}

/** The most that there ever was, in megabytes. `maxRSS` begins with that of the process that started this one. */
const peak = (): number => {
  const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8")) ?? []
  return (Number(kibibytes) * 1024) / 1e6
}

const provider = await providers[vendor as keyof typeof providers]()
const program = Effect.gen(function* () {
  const files = yield* Effect.flatMap(provider, Files.make)
  const before = process.memoryUsage.rss() / 1e6
  const began = performance.now()
  yield* files.upload(source)
  const seconds = (performance.now() - began) / 1000
  return { peak: peak(), before, seconds }
})

void Effect.runPromise(program).then((measured) => process.stdout.write(JSON.stringify(measured)))
