import { readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"
import { type ProviderModel, ResilientModel } from "@holdfast/core"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { AiError, LanguageModel, type Response } from "effect/ai"

import * as ProviderConformance from "../src/ProviderConformance.ts"
import { dataOf } from "./wire.ts"

class Address extends Context.Service<Address, ProviderConformance.Connection>()("test/Address") {}

const usage = { inputTokens: { total: 0 }, outputTokens: { total: 0 } }

const unknown = (cause: unknown) =>
  AiError.make({
    module: "careless",
    method: "call",
    reason: new AiError.UnknownError({ description: `${String(cause)} with the key of the request` }),
  })

interface Choice {
  readonly message?: { readonly content: string | null }
  readonly delta?: { readonly content?: string | null }
}

/**
 * A provider with the usual mistakes: it repeats requests by itself, does not let go of them, reads a stream to its end
 * before it gives anything out, takes every end for a good one, and knows neither statuses nor counts.
 */
const careless = (address: ProviderConformance.Connection): ProviderModel.ProviderModel => {
  const post = (stream: boolean, attempt = 1): Promise<string> =>
    fetch(`${address.baseUrl}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${Redacted.value(address.apiKey)}` },
      body: JSON.stringify({ model: "careless", messages: [{ role: "user", content: "hi" }], stream }),
    }).then((response) => {
      if (response.ok) return response.text()
      if (attempt < 3) return post(stream, attempt + 1)
      throw new Error(`status ${response.status}`)
    })
  const choice = (json: string): Choice => (JSON.parse(json) as { choices: ReadonlyArray<Choice> }).choices[0] ?? {}
  const finish: Response.FinishPartEncoded = { type: "finish", reason: "stop", usage }
  const metadata: Response.ResponseMetadataPartEncoded = { type: "response-metadata", modelId: "careless" }
  return {
    provider: "careless",
    model: "careless",
    codecTransformer: LanguageModel.defaultCodecTransformer,
    generate: () =>
      Effect.tryPromise({ try: () => post(false), catch: unknown }).pipe(
        Effect.flatMap((text) => Effect.try({ try: () => choice(text).message?.content ?? "", catch: unknown })),
        Effect.map((text) => ({ headers: {}, parts: [metadata, { type: "text" as const, text }, finish] })),
      ),
    stream: () =>
      Effect.tryPromise({ try: () => post(true), catch: unknown }).pipe(
        Effect.map((text) => ({
          headers: {},
          parts: Stream.fromIterable([
            metadata,
            { type: "text-start" as const, id: "1" },
            ...dataOf(text)
              .filter((data) => data !== "[DONE]")
              .map((data) => ({ type: "text-delta" as const, id: "1", delta: choice(data).delta?.content ?? "" })),
            { type: "text-end" as const, id: "1" },
            finish,
          ]),
        })),
      ),
  }
}

const subject: ProviderConformance.Subject<Address> = {
  name: "careless",
  dialect: "openai-chat",
  model: ResilientModel.fromProvider(Effect.map(Address, careless), { name: "careless", settings: {} }),
  client: (connection) => Layer.succeed(Address, connection),
}

/** What it does right all the same. */
const mastered: ReadonlyArray<string> = [
  "answers with a text (generate)",
  "answers with a text (stream)",
  "never takes another content type for another answer (generate)",
  "never takes another content type for another answer (stream)",
  "reads any framing that the format allows",
  // The seam takes no answer of nothing from any provider.
  "takes an empty body with status 200 for no answer (stream)",
]

/** What it does wrong, one of each kind. */
const missed: ReadonlyArray<string> = [
  "streams parts one by one",
  "sends system and turns in order (generate)",
  "maps usage exactly and keeps the raw counts (stream)",
  "takes usage that is missing as unknown, never as zero (generate)",
  "tells why the answer ended (stream)",
  "keeps reasoning apart from the text (generate)",
  "passes on the sources of an answer (stream)",
  "sends images by their bytes and by their URL (stream)",
  "sends the tool choice: required (generate)",
  "calls each handler once and sends the results back (stream)",
  "decodes a structured answer with optional keys, dates and records",
  "reads status 429 as RateLimitError, throttled (generate)",
  "reads status 500 as InternalProviderError, transient (stream)",
  "passes on when to come back: in seconds (generate)",
  "reports a refusal for reasons of content (stream)",
  "reads an error inside a stream: overloaded",
  "reads an error in a body of status 200: server_error",
  "reports a refused connection (generate)",
  "reports a connection that breaks (stream)",
  "reports a stream that ends early as truncated",
  "reports a frame that does not parse",
  "counts the same in any framing",
  "reads an error whose body is cut by its status (generate)",
  "closes the socket when it is interrupted, also while the provider stalls (generate)",
  "closes the socket when it is interrupted, also while the provider stalls (stream)",
  "closes the socket when the consumer stops reading",
  "is cut off when no first part comes in time (generate)",
  "is cut off when it falls silent between two parts",
  "records one attempt per request (stream)",
  "records failed attempts with their request id and hint (generate)",
  "delivers no text twice under retry and fallback",
]

describe("a careless provider", () => {
  const all = ProviderConformance.checks(subject)
  const outcomes = (
    names: ReadonlyArray<string>,
    ending: <A, E>(run: Effect.Effect<A, E>) => Effect.Effect<A, unknown>,
  ) =>
    Effect.forEach(
      names,
      (name) => {
        const found = all.find((check) => check.name === name)
        assert.isDefined(found, name)
        return Effect.map(Effect.exit(ending(found.run)), ({ _tag }) => `${_tag}: ${name}`)
      },
      { concurrency: 12 },
    )

  it.live("passes what it does right", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* outcomes(mastered, (run) => run),
        mastered.map((name) => `Success: ${name}`),
      )
    }),
  )

  // A provider that hangs is caught by the time limit, one that is wrong before it.
  it.live("is caught in each of its mistakes", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* outcomes(missed, (run) => Effect.timeout(run, "4 seconds")),
        missed.map((name) => `Failure: ${name}`),
      )
    }),
  )

  it("meets every check under a name of its own", () => {
    const names = all.map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
  })
})

describe("the package", () => {
  it("loads without vitest", () => {
    const files = ["index", "Emulator", "Reply", "Fault", "Chaos", "ScriptedModel"]
    for (const file of files) {
      const source = readFileSync(new URL(`../src/${file}.ts`, import.meta.url), "utf8")
      assert.notMatch(source.replaceAll(/^ \*.*$/gm, ""), /vitest|conformance/i)
    }
  })
})
