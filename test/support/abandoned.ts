/**
 * Leaves many streams of each API between two of their parts, and tells how many bytes of the heap each of them keeps. A program of
 * its own, because it collects garbage: `node --expose-gc abandoned.ts 500`.
 */
import { createServer } from "node:http"
import { type AddressInfo } from "node:net"

import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Effect, Layer, Redacted, Stream } from "effect"
import { LanguageModel } from "effect/ai"

const streams = Number(process.argv[2])

const apiKey = Redacted.make("key")

const events: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  "openai-responses": [
    { type: "response.created", response: { id: "r", model: "m" } },
    { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "a" },
  ],
  "openai-chat": [{ id: "c", model: "m", choices: [{ index: 0, delta: { content: "a" } }] }],
  anthropic: [
    { type: "message_start", message: { id: "m", model: "m" } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "a" } },
  ],
  google: [{ responseId: "r", candidates: [{ content: { parts: [{ text: "a" }] } }] }],
}

const apis: Readonly<Record<string, RegExp>> = {
  "openai-responses": /responses/,
  "openai-chat": /completions/,
  anthropic: /messages/,
  google: /Content/,
}

const bodyFor = (url: string): string => {
  const [api = ""] = Object.entries(apis).find(([, path]) => path.test(url)) ?? []
  return (events[api] ?? []).map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")
}

// Every answer stops in its middle, and its connection stays open until the client closes it.
const server = createServer((request, response) => {
  request.resume()
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.write(bodyFor(request.url ?? ""))
})

const models = (apiUrl: string): Readonly<Record<string, Layer.Layer<LanguageModel.LanguageModel>>> => ({
  "openai-responses": Layer.provide(OpenAiLanguageModel.model("gpt-4.1"), OpenAiClient.layer({ apiKey, apiUrl })),
  "openai-chat": Layer.provide(OpenAiLanguageModel.chat("gpt-4.1"), OpenAiClient.layer({ apiKey, apiUrl })),
  anthropic: Layer.provide(AnthropicLanguageModel.model("claude-sonnet-5"), AnthropicClient.layer({ apiKey, apiUrl })),
  google: Layer.provide(GoogleLanguageModel.model("gemini-3.8-flash"), GoogleClient.layer({ apiKey, apiUrl })),
})

const abandon = Stream.runDrain(
  Stream.take(
    Stream.filter(LanguageModel.streamText({ prompt: "hi" }), ({ type }) => type === "text-delta"),
    1,
  ),
)

/** Bytes on the heap once all that can go is gone. */
const used = Effect.gen(function* () {
  for (const _ of [1, 2, 3]) {
    yield* Effect.sleep("20 millis")
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
})

const some = (count: number) =>
  Effect.forEach(Array.from({ length: count }), () => abandon, { concurrency: 16, discard: true })

const kept = Effect.gen(function* () {
  // Code is compiled, and connections are made.
  yield* some(streams)
  const before = yield* used
  yield* some(streams)
  return Math.round(((yield* used) - before) / streams)
})

server.listen(0, "127.0.0.1", () => {
  const all = Object.entries(models(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  const measured = Effect.forEach(all, ([api, model]) =>
    Effect.map(Effect.provide(kept, model), (bytes) => [api, bytes]),
  )
  // What all of them share is compiled with the first of all.
  const warm = Effect.forEach(all.slice(0, 1), ([, model]) => Effect.provide(some(streams), model))
  void Effect.runPromise(Effect.andThen(warm, measured)).then((results) => {
    process.stdout.write(JSON.stringify(Object.fromEntries(results)))
    server.closeAllConnections()
    server.close()
  })
})
