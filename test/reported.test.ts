/**
 * What users of other clients and gateways have reported to their projects, held against these.
 */
import { assert, describe, it } from "@effect/vitest"
import { AnthropicClient, AnthropicFiles, AnthropicTokenCounter } from "@holdfast/anthropic"
import { Files, FileSource, ImageModel, KeySource, Resilient, TokenCounter, TranscriptionModel } from "@holdfast/core"
import { type Price, Money, PriceBook } from "@holdfast/cost"
import { GoogleClient, GoogleFiles, GoogleImageModel, GoogleTokenCounter } from "@holdfast/google"
import { OpenAiClient, OpenAiFiles, OpenAiImageModel, OpenAiTranscriptionModel } from "@holdfast/openai"
import { Clock, Effect, Exit, Layer, Logger, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"

interface Sent {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A `fetch` that keeps what it is given. */
const wire = (answer: (sent: Sent) => Response | Readonly<Record<string, unknown>>) => {
  const sent: Array<Sent> = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    const body = await new Response(init?.body ?? null).text()
    const one = { url, headers: Object.fromEntries(new Headers(init?.headers)), body }
    sent.push(one)
    const found = answer(one)
    return found instanceof Response ? found : Response.json(found)
  }
  return { fetch, sent }
}

const apiKey = Redacted.make("sk-test-key-0123456789")
const token = Effect.succeed(Redacted.make("ya29.a-token-of-google"))

const openai = (answer: Parameters<typeof wire>[0]) => {
  const { fetch, sent } = wire(answer)
  return { sent, client: OpenAiClient.layer({ apiKey, fetch }) }
}

const today = TestClock.setTime(Date.UTC(2026, 10, 24))

const costOf = (answer: Pick<ImageModel.MediaAnswer, "source" | "usage">) =>
  Effect.map(PriceBook.costOf(answer), ({ total, unknown }) => [Money.format(total), ...unknown])

const rateOf = (model: string, rate: keyof Price.Price["rates"]) =>
  Effect.map(PriceBook.price({ provider: "openai", model }), ({ rates }) => rates[rate] ?? Money.zero)

describe("the cost of images", () => {
  const png = { b64_json: "AQID" }

  const draw = (model: string, usage: object, request: Partial<ImageModel.ImageRequest> = {}) =>
    ImageModel.generate({ prompt: "A ship", ...request }).pipe(
      Resilient.provide(OpenAiImageModel.model(model)),
      Effect.provide(openai(() => ({ data: [png], usage })).client),
    )

  it.effect("is that of image tokens where OpenAI does not say what the output is of", () =>
    Effect.gen(function* () {
      yield* today
      // https://github.com/BerriAI/litellm/issues/31142 and https://github.com/BerriAI/litellm/issues/18541
      const usage = {
        input_tokens: 23,
        input_tokens_details: { image_tokens: 0, text_tokens: 23 },
        output_tokens: 1_056,
      }
      for (const model of ["gpt-image-2", "gpt-image-1.5"]) {
        const [input, output] = [
          yield* rateOf(model, "input"),
          yield* rateOf(model, model === "gpt-image-2" ? "output" : "imageOutput"),
        ]
        const expected = Money.add(Money.times(input, 23), Money.times(output, 1_056))
        assert.deepStrictEqual(yield* Effect.flatMap(draw(model, usage), costOf), [Money.format(expected)])
      }
    }).pipe(Effect.provide(PriceBook.layer)),
  )

  it.effect("tells text from images, in what goes in and in what comes out", () =>
    Effect.gen(function* () {
      yield* today
      // https://github.com/BerriAI/litellm/issues/21902 and https://github.com/BerriAI/litellm/issues/13847
      const usage = {
        input_tokens: 357,
        input_tokens_details: { text_tokens: 34, image_tokens: 323 },
        output_tokens: 6_543,
        output_tokens_details: { text_tokens: 335, image_tokens: 6_208 },
      }
      const images = [{ mediaType: "image/png", data: Uint8Array.of(1) }]
      const cost = yield* Effect.flatMap(draw("gpt-image-1.5", usage, { images }), costOf)
      const rates = yield* Effect.all(
        (["input", "imageInput", "output", "imageOutput"] as const).map((rate) => rateOf("gpt-image-1.5", rate)),
      )
      const expected = [34, 323, 335, 6_208].reduce(
        (sum, tokens, index) => Money.add(sum, Money.times(rates[index] ?? Money.zero, tokens)),
        Money.zero,
      )
      assert.deepStrictEqual(cost, [Money.format(expected)])
    }).pipe(Effect.provide(PriceBook.layer)),
  )

  it.effect("counts the thoughts of Gemini as text and its images as images", () =>
    Effect.gen(function* () {
      // https://github.com/BerriAI/litellm/issues/17410
      const { fetch } = wire(() => ({
        candidates: [
          { content: { parts: [{ inlineData: { mimeType: "image/png", data: "AQID" } }] }, finishReason: "STOP" },
        ],
        usageMetadata: {
          promptTokenCount: 10,
          candidatesTokenCount: 1_120,
          thoughtsTokenCount: 225,
          totalTokenCount: 1_355,
          promptTokensDetails: [{ modality: "TEXT", tokenCount: 10 }],
          candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 1_120 }],
        },
      }))
      const { usage } = yield* ImageModel.generate({ prompt: "A ship" }).pipe(
        Resilient.provide(GoogleImageModel.model("gemini-3-pro-image")),
        Effect.provide(GoogleClient.layer({ apiKey, fetch })),
      )
      assert.deepStrictEqual([usage.outputTokens?.text, usage.outputTokens?.image], [225, 1_120])
    }),
  )
})

describe("the cost of transcripts", () => {
  const audio = { mediaType: "audio/ogg", data: Uint8Array.of(1, 2, 3) }

  const transcribe = (usage: object) =>
    TranscriptionModel.transcribe({ audio }).pipe(
      Resilient.provide(OpenAiTranscriptionModel.model("whisper-1")),
      Effect.provide(openai(() => ({ text: "Hi.", usage })).client),
    )

  it.effect("is by the seconds of the usage, where nothing else tells them", () =>
    Effect.gen(function* () {
      yield* today
      // https://github.com/BerriAI/litellm/pull/36357
      const answer = yield* transcribe({ type: "duration", seconds: 27 })
      assert.deepStrictEqual(yield* costOf(answer), ["$0.0027"])
    }).pipe(Effect.provide(PriceBook.layer)),
  )

  it.effect("is unknown where the duration cannot be", () =>
    Effect.gen(function* () {
      yield* today
      // https://github.com/BerriAI/litellm/issues/22622: 2^63 - 1 frames, and a bill of billions.
      const answer = yield* transcribe({ type: "duration", seconds: 192_153_584_101_141.16 })
      assert.deepStrictEqual(yield* costOf(answer), ["$0.00", "input"])
    }).pipe(Effect.provide(PriceBook.layer)),
  )

  it.effect("at Azure is that of the deployment's model", () =>
    Effect.gen(function* () {
      yield* today
      // https://github.com/BerriAI/litellm/issues/16270
      const { fetch, sent } = wire(() => ({
        text: "Hi.",
        usage: {
          type: "tokens",
          input_tokens: 100,
          input_token_details: { audio_tokens: 100, text_tokens: 0 },
          output_tokens: 10,
        },
      }))
      const client = OpenAiClient.layerAzure({
        resource: "r",
        apiKey,
        fetch,
        pricedAs: { "our-ears": { provider: "openai", model: "gpt-4o-mini-transcribe" } },
      })
      const answer = yield* TranscriptionModel.transcribe({ audio }).pipe(
        Resilient.provide(OpenAiTranscriptionModel.model("our-ears")),
        Effect.provide(client),
      )
      const [total = "", ...unknown] = yield* costOf(answer)
      assert.notStrictEqual(total, "$0.00")
      assert.deepStrictEqual(unknown, [])
      assert.match(sent.at(-1)?.url ?? "", /^https:\/\/r\.openai\.azure\.com\/openai\/v1\/audio\/transcriptions$/)
    }).pipe(Effect.provide(PriceBook.layer)),
  )
})

describe("counting", () => {
  const system = { role: "system" as const, content: "Be brief." }
  const user = { role: "user" as const, content: "Why do ships float?" }

  const countAt = (answer: Parameters<typeof wire>[0], model: string, location?: string) =>
    Effect.gen(function* () {
      const { fetch, sent } = wire(answer)
      const client = AnthropicClient.layerVertex({ project: "p", location, token, fetch })
      const counted = yield* TokenCounter.count([system, user]).pipe(
        Effect.provide(
          AnthropicTokenCounter.layer(model, { thinking: { mode: "disabled" } }).pipe(Layer.provide(client)),
        ),
      )
      return { counted, sent }
    })

  it.effect("on Vertex AI names Claude without its version, and sends what is counted there alone", () =>
    Effect.gen(function* () {
      // https://github.com/dust-tt/dust/pull/25679 and https://github.com/liushuangls/go-anthropic/pull/141
      const { counted, sent } = yield* countAt(() => ({ input_tokens: 12 }), "claude-sonnet-4-5@20250929", "us-east5")
      assert.deepStrictEqual(counted, { _tag: "Counted", tokens: 12 })
      const [{ body, url } = { body: "", url: "" }] = sent
      assert.strictEqual(
        url,
        "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/count-tokens:rawPredict",
      )
      const asked = JSON.parse(body) as Record<string, unknown>
      assert.strictEqual(asked["model"], "claude-sonnet-4-5")
      assert.deepStrictEqual(Object.keys(asked).toSorted(), ["anthropic_version", "messages", "model", "system"])
    }),
  )

  it.effect("where a location has no endpoint for it is the estimate", () =>
    Effect.gen(function* () {
      // https://github.com/BerriAI/litellm/pull/20348
      const { counted, sent } = yield* countAt(
        () => Response.json({ error: { code: 404, message: "Not Found", status: "NOT_FOUND" } }, { status: 404 }),
        "claude-sonnet-4-5@20250929",
      )
      assert.strictEqual(counted._tag, "Estimated")
      assert.isAbove(counted.tokens, 0)
      assert.lengthOf(sent, 1)
    }),
  )

  it.effect("on Vertex AI counts the system instruction of Gemini, too", () =>
    Effect.gen(function* () {
      // https://github.com/BerriAI/litellm/pull/32115
      const { fetch, sent } = wire(() => ({ totalTokens: 21 }))
      const client = GoogleClient.layerVertex({ project: "p", token, fetch })
      const counted = yield* TokenCounter.count([system, user]).pipe(
        Effect.provide(GoogleTokenCounter.layer("gemini-3.8-flash").pipe(Layer.provide(client))),
      )
      assert.deepStrictEqual(counted, { _tag: "Counted", tokens: 21 })
      const asked = JSON.parse(sent[0]?.body ?? "") as Record<string, unknown>
      assert.include(JSON.stringify(asked["systemInstruction"]), "Be brief.")
      assert.include(JSON.stringify(asked["contents"]), "Why do ships float?")
    }),
  )
})

describe("Azure's address", () => {
  const ask = (apiUrl: string) =>
    Effect.gen(function* () {
      const { fetch, sent } = wire(() => ({ id: "resp_1", output: [] }))
      const made = yield* Effect.exit(OpenAiClient.makeAzure({ apiUrl, apiKey, fetch }))
      if (Exit.isFailure(made)) return String(made.cause)
      yield* Effect.exit(made.value.responses.once({ model: "d", input: "hi" }))
      return sent[0]?.url
    })

  it.effect("may be the endpoint as Azure's portal shows it", () =>
    Effect.gen(function* () {
      // https://github.com/evalstate/fast-agent-docs/issues/11 and https://github.com/danielmiessler/Fabric/issues/859
      for (const [host, path] of [
        ["https://xy.openai.azure.com", ""],
        ["https://xy.openai.azure.com", "/"],
        ["https://xy.openai.azure.com", "/openai/v1/"],
        ["https://xy.cognitiveservices.azure.com", "/"],
        ["https://xy.services.ai.azure.com", "/"],
      ] as const) {
        assert.strictEqual(yield* ask(host + path), `${host}/openai/v1/responses`)
      }
      assert.strictEqual(yield* ask("https://gateway.example/azure"), "https://gateway.example/azure/responses")
    }),
  )

  it.effect("of the dated API is a mistake that is told when the client is made", () =>
    Effect.gen(function* () {
      // https://github.com/openai/openai-node/issues/1607 and https://github.com/anomalyco/opencode/issues/1508
      for (const apiUrl of [
        "https://xy.openai.azure.com/openai/deployments/o3-mini",
        "https://xy.openai.azure.com/openai?api-version=2025-04-01-preview",
        "https://xy.cognitiveservices.azure.com/openai/deployments/gpt-4.1/chat/completions?api-version=2025-01-01-preview",
      ]) {
        assert.match((yield* ask(apiUrl)) ?? "", /apiUrl is one of the dated API; give resource, or \.\.\.\/openai\/v1/)
      }
    }),
  )

  it.effect("of Claude in Foundry may be the one that the portal shows", () =>
    Effect.gen(function* () {
      for (const path of ["", "/", "/anthropic", "/anthropic/", "/anthropic/v1/messages"]) {
        const { fetch, sent } = wire(() => ({ id: "msg_1", content: [] }))
        const apiUrl = `https://xy.services.ai.azure.com${path}`
        const client = yield* AnthropicClient.makeFoundry({ apiUrl, apiKey, fetch })
        yield* Effect.exit(client.messages.once({ model: "claude-sonnet-5-5", max_tokens: 1, messages: [] }))
        assert.strictEqual(sent[0]?.url, "https://xy.services.ai.azure.com/anthropic/v1/messages")
      }
    }),
  )
})

describe("the name and the type of a file", () => {
  const file = (label: FileSource.Label & { readonly fileName: string }) =>
    FileSource.bytes(new TextEncoder().encode("Ahoi"), label)

  const vendors = (fetch: typeof globalThis.fetch) => ({
    openai: Effect.provide(OpenAiFiles.make(), OpenAiClient.layer({ apiKey, fetch })),
    anthropic: Effect.provide(AnthropicFiles.make, AnthropicClient.layer({ apiKey, fetch })),
    google: Effect.provide(GoogleFiles.make, GoogleClient.layer({ apiKey, fetch })),
  })

  const uploaded = { id: "file-1", name: "files/f", filename: "f", state: "ACTIVE" }

  const answer = ({ headers, url }: Sent) =>
    headers["x-goog-upload-command"] === "start"
      ? Response.json({}, { headers: { "x-goog-upload-url": `${url}?upload_id=1` } })
      : { ...uploaded, file: uploaded }

  it.effect("may have any letters", () =>
    Effect.gen(function* () {
      // https://github.com/home-assistant/core/issues/164828
      for (const vendor of ["openai", "anthropic", "google"] as const) {
        const { fetch, sent } = wire(answer)
        const files = yield* Effect.flatMap(vendors(fetch)[vendor], Files.make)
        yield* files.upload(file({ fileName: 'TÜR 門 "1".png' }))
        assert.match(sent.map(({ body }) => body).join(), /TÜR 門 (?:%22|\\")1(?:%22|\\")\.png/)
      }
    }),
  )

  it.effect("may end with a line break, or be none", () =>
    Effect.gen(function* () {
      for (const [mediaType, expected] of [
        ["text/plain\n", "text/plain"],
        ["text/plain; title=Tür", "text/plain; title=Tr"],
        ["", "image/png"],
      ] as const) {
        for (const vendor of ["openai", "anthropic", "google"] as const) {
          const { fetch, sent } = wire(answer)
          const files = yield* Effect.flatMap(vendors(fetch)[vendor], Files.make)
          yield* files.upload(file({ fileName: "a.png", mediaType }))
          const all = sent.map(({ body, headers }) => body + JSON.stringify(headers)).join()
          assert.include(all, expected)
        }
      }
    }),
  )
})

describe("keys and tokens", () => {
  const input = { model: "m", input: "hi" }

  const calls = (client: OpenAiClient.Service) =>
    Effect.all(
      Array.from({ length: 64 }, () => Effect.exit(client.responses.once(input))),
      { concurrency: "unbounded" },
    )

  /** A cloud that takes the newest token alone, and for an hour. */
  const cloud = Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const state = { loads: 0, fails: 0, refused: 0 }
    const accepted = () => `token-${state.loads}-0123456789`
    const until = { millis: 0 }
    const load = Effect.suspend(() => {
      if (state.fails > 0) {
        state.fails--
        return Effect.fail({ _tag: "IdentityServiceDown" } as const)
      }
      state.loads++
      until.millis = clock.currentTimeMillisUnsafe() + 3_600_000
      return Effect.succeed({ key: Redacted.make(accepted()), timeToLive: "1 hour" as const })
    })
    const { fetch, sent } = wire(({ headers }) => {
      const isValid =
        headers["authorization"] === `Bearer ${accepted()}` && clock.currentTimeMillisUnsafe() < until.millis
      if (isValid) return { id: "resp_1", output: [] }
      state.refused++
      return Response.json({ error: { message: "expired", code: "ExpiredAuthenticationToken" } }, { status: 401 })
    })
    const client = yield* OpenAiClient.makeAzure({ resource: "r", token: load, fetch })
    return { client, state, sent }
  })

  it.effect("that expired while the machine slept are replaced before anything is refused", () =>
    Effect.gen(function* () {
      // https://github.com/Azure/apiops-cli/issues/4
      const { client, state } = yield* cloud
      assert.lengthOf((yield* calls(client)).filter(Exit.isSuccess), 64)
      yield* TestClock.adjust("10 hours")
      assert.lengthOf((yield* calls(client)).filter(Exit.isSuccess), 64)
      assert.deepStrictEqual(state, { loads: 2, fails: 0, refused: 0 })
    }),
  )

  it.effect("are asked for again after a refresh that failed, and calls go on meanwhile", () =>
    Effect.gen(function* () {
      // https://github.com/google/exposure-notifications-server/pull/1218
      const { client, state } = yield* cloud
      state.fails = 2
      yield* TestClock.adjust("50 minutes")
      for (const [wait, fails] of [
        ["0 seconds", 1],
        ["11 seconds", 0],
        ["11 seconds", 0],
      ] as const) {
        yield* TestClock.adjust(wait)
        assert.lengthOf((yield* calls(client)).filter(Exit.isSuccess), 64)
        yield* TestClock.adjust(0)
        assert.strictEqual(state.fails, fails)
      }
      assert.deepStrictEqual([state.loads, state.refused], [2, 0])
    }).pipe(Effect.provide(Logger.layer([]))),
  )

  it.effect("that are refused although they are new are refused once more, and no more", () =>
    Effect.gen(function* () {
      // https://github.com/Azure/azure-sdk-for-js/pull/14223
      let loads = 0
      const { fetch, sent } = wire(() => Response.json({ error: { message: "no" } }, { status: 401 }))
      const source = yield* KeySource.make(Effect.sync(() => Redacted.make(`sk-key-number-${++loads}`)))
      const client = yield* OpenAiClient.make({ apiKey: source, fetch })
      const error = yield* Effect.flip(client.responses.once(input))
      assert.strictEqual(error.reason._tag, "AuthenticationError")
      assert.deepStrictEqual([sent.length, loads], [2, 2])
    }),
  )

  it.effect("are not blamed where Google says that one may not see a file", () =>
    Effect.gen(function* () {
      // https://github.com/google-gemini/deprecated-generative-ai-python/issues/617
      let loads = 0
      const message = "You do not have permission to access the File abc or it may not exist."
      const { fetch, sent } = wire(() =>
        Response.json({ error: { code: 403, message, status: "PERMISSION_DENIED" } }, { status: 403 }),
      )
      const source = yield* KeySource.make(Effect.sync(() => Redacted.make(`AIza-key-number-${++loads}`)))
      const client = yield* GoogleClient.make({ apiKey: source, fetch })
      const files = yield* Effect.flatMap(
        Effect.provideService(GoogleFiles.make, GoogleClient.GoogleClient, client),
        Files.make,
      )
      assert.isTrue(Option.isNone(yield* Effect.option(files.get("files/abc"))))
      assert.deepStrictEqual([sent.length, loads], [1, 1])
    }),
  )
})
