/**
 * Answers that do not end, over real sockets through the real SDKs: they fail, and the connection is let go.
 */
import { createServer } from "node:http"
import { type AddressInfo } from "node:net"

import { assert, describe, it } from "@effect/vitest"
import { AnthropicClient } from "@holdfast/anthropic"
import { GoogleClient } from "@holdfast/google"
import { OpenAiClient } from "@holdfast/openai"
import { Deferred, Effect, Redacted, type Scope, Stream } from "effect"
import { type AiError } from "effect/ai"

const apiKey = Redacted.make("key")
const messages = [{ role: "user" as const, content: "hi" }]

interface Ask {
  readonly once: Effect.Effect<unknown, AiError.AiError>
  readonly open: Effect.Effect<
    { readonly parts: Stream.Stream<unknown, AiError.AiError> },
    AiError.AiError,
    Scope.Scope
  >
}

const subjects: Readonly<Record<string, (apiUrl: string) => Effect.Effect<Ask>>> = {
  "OpenAI Responses": (apiUrl) =>
    Effect.map(OpenAiClient.make({ apiKey, apiUrl }), ({ responses }) => ({
      once: responses.once({ model: "m", input: "hi" }),
      open: responses.open({ model: "m", input: "hi" }),
    })),
  "OpenAI Chat Completions": (apiUrl) =>
    Effect.map(OpenAiClient.make({ apiKey, apiUrl }), ({ chat }) => ({
      once: chat.once({ model: "m", messages }),
      open: chat.open({ model: "m", messages }),
    })),
  Anthropic: (apiUrl) =>
    Effect.map(AnthropicClient.make({ apiKey, apiUrl }), (client) => ({
      once: client.messages.once({ model: "m", max_tokens: 1, messages }),
      open: client.messages.open({ model: "m", max_tokens: 1, messages }),
    })),
  Google: (apiUrl) =>
    Effect.map(GoogleClient.make({ apiKey, apiUrl }), ({ content }) => {
      const body = { model: "m", contents: [{ role: "user", parts: [{ text: "hi" }] }], config: {} }
      return { once: content.once(body), open: content.open(body) }
    }),
}

const start = (piece: Uint8Array, status: number, type: string) =>
  Effect.gen(function* () {
    const closed = yield* Deferred.make<void>()
    const server = createServer((request, response) => {
      request.resume()
      response.writeHead(status, { "content-type": type })
      const write = () => {
        while (!response.destroyed && response.write(piece));
      }
      response.on("drain", write)
      response.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
      response.write(type === "application/json" ? '{"a":"' : "data: ")
      write()
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        }),
    )
    return { closed: Deferred.await(closed), url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  })

const megabyte = new Uint8Array(1_000_000).fill(97)

for (const [name, subject] of Object.entries(subjects)) {
  describe(`an endless answer of ${name}`, () => {
    it.live("fails as a whole, and is let go", () =>
      Effect.gen(function* () {
        const { closed, url } = yield* start(megabyte, 200, "application/json")
        const { once } = yield* subject(url)
        const error = yield* Effect.flip(once)
        assert.strictEqual(error.reason._tag, "InvalidResponseError")
        assert.match(error.message, /the answer exceeds \d+ bytes/)
        yield* closed
      }),
    )

    it.live("fails as a stream of one event, and is let go", () =>
      Effect.gen(function* () {
        const { closed, url } = yield* start(megabyte, 200, "text/event-stream")
        const { open } = yield* subject(url)
        const error = yield* Effect.flip(Effect.scoped(Effect.flatMap(open, ({ parts }) => Stream.runDrain(parts))))
        assert.strictEqual(error.reason._tag, "InvalidResponseError")
        assert.match(error.message, /an event exceeds \d+ (?:bytes|characters)/)
        yield* closed
      }),
    )

    it.live("fails as an error, and is let go", () =>
      Effect.gen(function* () {
        const { closed, url } = yield* start(megabyte, 503, "application/json")
        const { once } = yield* subject(url)
        const error = yield* Effect.flip(once)
        assert.include(["InternalProviderError", "InvalidResponseError"], error.reason._tag)
        yield* closed
      }),
    )
  })
}
