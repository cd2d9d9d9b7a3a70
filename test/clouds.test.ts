import { assert, describe, it } from "@effect/vitest"
import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { type Attempt, Event, type ResilientModel } from "@holdfast/core"
import { Budget, Charge, Ledger, Money, PriceBook } from "@holdfast/cost"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Emulator, Reply } from "@holdfast/testing"
import * as ClientConformance from "@holdfast/testing/ClientConformance"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"
import { LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

const input = { model: "my-deployment", input: "hi" }
const claude: AnthropicClient.MessagesBody = {
  model: "claude-sonnet-5-5",
  max_tokens: 10,
  messages: [{ role: "user", content: "hi" }],
}
const gemini: GoogleClient.ContentBody = {
  model: "gemini-3.8-flash",
  contents: [{ role: "user", parts: [{ text: "hi" }] }],
  config: {},
}

const environment = {
  OPENAI_API_KEY: "sk-env",
  OPENAI_CUSTOM_HEADERS: "x-env: yes\nauthorization: Bearer sk-env\napi-key: env",
  AZURE_OPENAI_API_KEY: "azure-env",
  AZURE_OPENAI_ENDPOINT: "http://127.0.0.1:1",
  OPENAI_API_VERSION: "2020-01-01",
  AWS_BEARER_TOKEN_BEDROCK: "ABSK-env",
  AWS_REGION: "nowhere-1",
  ANTHROPIC_API_KEY: "sk-env",
  ANTHROPIC_AUTH_TOKEN: "token-env",
  ANTHROPIC_CUSTOM_HEADERS: "x-env: yes\nx-api-key: sk-env",
  ANTHROPIC_VERTEX_PROJECT_ID: "project-env",
  CLOUD_ML_REGION: "nowhere",
  GOOGLE_API_KEY: "env",
  GOOGLE_CLOUD_PROJECT: "project-env",
  GOOGLE_CLOUD_LOCATION: "nowhere",
  GOOGLE_GENAI_USE_VERTEXAI: "false",
  GOOGLE_VERTEX_BASE_URL: "http://127.0.0.1:1",
  GOOGLE_APPLICATION_CREDENTIALS: "/nowhere",
}

/** A key of the conformance suite, as a token. */
const asToken = (apiKey: ClientConformance.Options["apiKey"]) =>
  Redacted.isRedacted(apiKey) ? Effect.succeed(apiKey) : apiKey

const openai = {
  name: "OpenAiClient",
  dialect: "openai-responses",
  once: ({ responses }: OpenAiClient.Service) => responses.once(input),
  open: ({ responses }: OpenAiClient.Service) => responses.open(input),
  use: ({ use }: OpenAiClient.Service) =>
    use((sdk, signal) => sdk.responses.create(input, { signal }).then((answer) => answer.output_text)),
  environment,
} as const

const anthropic = {
  name: "AnthropicClient",
  dialect: "anthropic",
  once: ({ messages }: AnthropicClient.Service) => messages.once(claude),
  open: ({ messages }: AnthropicClient.Service) => messages.open(claude),
  use: ({ use }: AnthropicClient.Service) =>
    use((sdk, signal) =>
      sdk.messages
        .create(claude, { signal })
        .then(({ content }) => (content[0]?.type === "text" ? content[0].text : undefined)),
    ),
  environment,
} as const

const models = "/anthropic/v1/projects/my-project/locations/global/publishers/anthropic/models"
const messages = "/anthropic/v1/messages"
const old = { "anthropic-version": "2023-06-01" }

describe("Azure OpenAI with a key", () => {
  ClientConformance.suite<OpenAiClient.Service>({
    ...openai,
    make: (options) => OpenAiClient.makeAzure({ ...options, resource: "mine" }),
    sent: { key: "api-key", headers: { authorization: undefined }, path: "/openai/v1/responses" },
  })
})

describe("Azure OpenAI with a token", () => {
  ClientConformance.suite<OpenAiClient.Service>({
    ...openai,
    make: ({ apiKey, ...options }) => OpenAiClient.makeAzure({ ...options, resource: "mine", token: asToken(apiKey) }),
    sent: { key: "authorization", headers: { "api-key": undefined }, path: "/openai/v1/responses" },
  })
})

describe("OpenAI's models on Bedrock", () => {
  ClientConformance.suite<OpenAiClient.Service>({
    ...openai,
    make: (options) => OpenAiClient.makeBedrock({ ...options, region: "eu-central-1" }),
    sent: { key: "authorization", headers: {}, path: "/openai/v1/responses" },
  })
})

describe("Claude on Bedrock", () => {
  ClientConformance.suite<AnthropicClient.Service>({
    ...anthropic,
    make: (options) => AnthropicClient.makeBedrock({ ...options, region: "eu-central-1" }),
    sent: { key: "authorization", headers: { ...old, "x-api-key": undefined }, path: messages },
  })
})

describe("Claude in Foundry with a key", () => {
  ClientConformance.suite<AnthropicClient.Service>({
    ...anthropic,
    make: (options) => AnthropicClient.makeFoundry({ ...options, resource: "mine" }),
    sent: { key: "x-api-key", headers: { ...old, authorization: undefined }, path: messages },
  })
})

describe("Claude in Foundry with a token", () => {
  ClientConformance.suite<AnthropicClient.Service>({
    ...anthropic,
    make: ({ apiKey, ...options }) =>
      AnthropicClient.makeFoundry({ ...options, resource: "mine", token: asToken(apiKey) }),
    sent: { key: "authorization", headers: { ...old, "x-api-key": undefined }, path: messages },
  })
})

describe("Claude on Vertex AI", () => {
  ClientConformance.suite<AnthropicClient.Service>({
    ...anthropic,
    make: ({ apiKey, ...options }) =>
      AnthropicClient.makeVertex({ ...options, project: "my-project", token: asToken(apiKey) }),
    sent: {
      key: "authorization",
      headers: { "anthropic-version": undefined, "x-api-key": undefined },
      path: `${models}/claude-sonnet-5-5:rawPredict`,
    },
  })
})

describe("Gemini on Vertex AI", () => {
  ClientConformance.suite<GoogleClient.Service>({
    name: "GoogleClient",
    dialect: "google",
    make: ({ apiKey, ...options }) =>
      GoogleClient.makeVertex({ ...options, project: "my-project", token: asToken(apiKey) }),
    once: ({ content }) => content.once(gemini),
    open: ({ content }) => content.open(gemini),
    use: ({ use }) =>
      use((sdk, abortSignal) =>
        sdk.models
          .generateContent({ model: gemini.model, contents: "hi", config: { abortSignal } })
          .then(({ text }) => text),
      ),
    environment,
    sent: {
      key: "authorization",
      headers: { "x-goog-api-key": undefined, "x-goog-user-project": undefined },
      path: "/google/v1/projects/my-project/locations/global/publishers/google/models/gemini-3.8-flash:generateContent",
    },
  })
})

/** A `fetch` that answers nothing, and what it was asked. */
const recorder = () => {
  const seen: Array<string> = []
  const fetch: typeof globalThis.fetch = (url, init) => {
    const headers = new Headers(init?.headers)
    const names = ["authorization", "api-key", "x-api-key"].flatMap((name) => headers.get(name) ?? [])
    seen.push([url instanceof Request ? url.url : new URL(url).href, ...names].join(" "))
    return Promise.resolve(Response.json({}, { status: 400 }))
  }
  return { seen, fetch }
}

const token = Effect.succeed(Redacted.make("t-1"))
const apiKey = Redacted.make("k-1")

describe("addresses", () => {
  it.effect("are those of the clouds", () =>
    Effect.gen(function* () {
      const { fetch, seen } = recorder()
      const ask = <A, B, E>(client: Effect.Effect<A, E>, once: (client: A) => Effect.Effect<B, unknown>) =>
        Effect.flatMap(client, (made) => Effect.exit(once(made)))
      yield* ask(OpenAiClient.makeAzure({ resource: "mine", apiKey, fetch }), openai.once)
      yield* ask(OpenAiClient.makeBedrock({ region: "us-west-2", apiKey, fetch }), openai.once)
      yield* ask(AnthropicClient.makeBedrock({ region: "us-west-2", token, fetch }), anthropic.once)
      yield* ask(AnthropicClient.makeFoundry({ resource: "mine", apiKey, fetch }), anthropic.once)
      for (const location of ["global", "europe-west1", "eu"]) {
        yield* ask(AnthropicClient.makeVertex({ project: "p", location, token, fetch }), anthropic.once)
        yield* ask(GoogleClient.makeVertex({ project: "p", location, token, fetch }), ({ content }) =>
          content.once(gemini),
        )
      }
      const path = (location: string, vendor: string, rest: string) =>
        `/v1/projects/p/locations/${location}/publishers/${vendor}/models/${rest} Bearer t-1`
      const both = (host: string, location: string) => [
        `https://${host}${path(location, "anthropic", "claude-sonnet-5-5:rawPredict")}`,
        `https://${host}${path(location, "google", "gemini-3.8-flash:generateContent")}`,
      ]
      assert.deepStrictEqual(seen, [
        "https://mine.openai.azure.com/openai/v1/responses k-1",
        "https://bedrock-mantle.us-west-2.api.aws/openai/v1/responses Bearer k-1",
        "https://bedrock-runtime.us-west-2.amazonaws.com/anthropic/v1/messages Bearer t-1",
        "https://mine.services.ai.azure.com/anthropic/v1/messages k-1",
        ...both("aiplatform.googleapis.com", "global"),
        ...both("europe-west1-aiplatform.googleapis.com", "europe-west1"),
        ...both("aiplatform.eu.rep.googleapis.com", "eu"),
      ])
    }),
  )

  it.effect("lead nowhere else", () =>
    Effect.gen(function* () {
      const bad = ["evil.example/", "a.b", "", "x#", "a@b", "-a"]
      const made = bad.flatMap((part): ReadonlyArray<Effect.Effect<unknown, unknown>> => [
        OpenAiClient.makeAzure({ resource: part, apiKey }),
        OpenAiClient.makeBedrock({ region: part, apiKey }),
        AnthropicClient.makeBedrock({ region: part, apiKey }),
        AnthropicClient.makeFoundry({ resource: part, apiKey }),
        AnthropicClient.makeVertex({ project: "p", location: part, token }),
        GoogleClient.makeVertex({ project: "p", location: part, token }),
        GoogleClient.makeVertex({ project: `${part}/`, token }),
      ])
      for (const client of [...made, OpenAiClient.makeAzure({ apiKey }), AnthropicClient.makeBedrock({ apiKey })]) {
        const exit = yield* Effect.exit(client)
        assert.match(
          Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "",
          /must be part of a host name|is not the id of a project/,
        )
      }
    }),
  )

  it.live("of Vertex AI have the model in the path, and the rest as it is", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const client = yield* AnthropicClient.makeVertex({
        project: "my-project",
        token,
        apiUrl: emulator.baseUrl("anthropic"),
      })
      yield* client.messages.once({ ...claude, model: "claude-sonnet-4-5@20250929" }, ["context-2025"])
      yield* Effect.scoped(client.messages.open(claude))
      const [whole, streamed] = yield* emulator.requests
      assert.strictEqual(whole?.path, `${models}/claude-sonnet-4-5@20250929:rawPredict`)
      assert.strictEqual(whole?.headers["anthropic-beta"], "context-2025")
      const { model: _, ...rest } = claude
      assert.deepStrictEqual(whole?.body, { ...rest, anthropic_version: "vertex-2023-10-16" })
      assert.strictEqual(streamed?.path, `${models}/claude-sonnet-5-5:streamRawPredict`)
      const { fetch, seen } = recorder()
      const other = yield* AnthropicClient.makeVertex({ project: "p", token, fetch })
      yield* Effect.exit(other.use((sdk, signal) => sdk.messages.countTokens({ model: "m", messages: [] }, { signal })))
      assert.include(seen[0], "/publishers/anthropic/models/count-tokens:rawPredict ")
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

describe("refusals", () => {
  const said = ["Authentication failed: Please make sure your API Key is valid.", "The security token is expired"]

  it.live("of AWS with status 403 are those of keys, where they say so", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      for (const [message, times] of [
        ...said.map((text) => [text, 2] as const),
        ["no access to the model", 1] as const,
      ]) {
        yield* emulator.reset
        yield* emulator.script("openai-responses", Reply.status(403, { message }), Reply.text("yes"))
        let loads = 0
        const client = yield* OpenAiClient.makeBedrock({
          token: Effect.sync(() => Redacted.make(`bedrock-api-key-${++loads}`)),
          apiUrl: emulator.baseUrl("openai-responses"),
        })
        yield* Effect.exit(client.responses.once(input))
        assert.lengthOf(yield* emulator.requests, times)
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

const expiring = (minted: { count: number }) =>
  Effect.clockWith((clock) =>
    Effect.sync(() => {
      const exp = clock.currentTimeMillisUnsafe() / 1000 + 3600
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
      return Redacted.make([part({}), part({ exp, jti: ++minted.count }), "signature"].join("."))
    }),
  )

describe("tokens", () => {
  it.effect("that expire while 64 calls are under way are replaced, by one for all", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const minted = { count: 0 }
      let last = ""
      const replaced = Effect.tap(expiring(minted), (made) => Effect.sync(() => void (last = Redacted.value(made))))
      yield* emulator.respond("openai-responses", ({ headers }) =>
        headers["authorization"] === Emulator.fingerprint(last) ? Reply.text("yes") : Reply.status(401),
      )
      const client = yield* OpenAiClient.makeAzure({
        resource: "mine",
        token: replaced,
        apiUrl: emulator.baseUrl("openai-responses"),
      })
      const calls = Effect.map(
        Effect.all(
          Array.from({ length: 64 }, () => Effect.exit(client.responses.once(input))),
          { concurrency: "unbounded" },
        ),
        (exits) => exits.filter(Exit.isSuccess).length,
      )
      assert.deepStrictEqual([yield* calls, minted.count], [64, 1])
      // Past its life: all wait for one.
      yield* TestClock.adjust("61 minutes")
      assert.deepStrictEqual([yield* calls, minted.count], [64, 2])
      // At 80 % of its life the next one is fetched; those with the old one are refused here, and go on.
      yield* TestClock.adjust("48 minutes")
      assert.deepStrictEqual([yield* calls, minted.count], [64, 3])
      // Revoked before its time.
      last = "revoked"
      assert.deepStrictEqual([yield* calls, minted.count], [64, 4])
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.effect("that cannot be had at first are no client, and say no more than a name", () =>
    Effect.gen(function* () {
      const none = Effect.fail({ _tag: "CredentialUnavailable", message: "secret-of-the-store" })
      const error = yield* Effect.flip(GoogleClient.makeVertex({ project: "p", token: none }))
      assert.strictEqual(error.message, "GoogleClient.layerVertex gave no key: CredentialUnavailable")
    }),
  )
})

describe("telemetry and prices", () => {
  const bearer = Effect.succeed(Redacted.make("token-0123"))
  const attemptOf = <R>(model: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>) =>
    Effect.gen(function* () {
      const ended: Array<Attempt.Attempt> = []
      const sink: Event.Sink = (event) => void (event._tag === "AttemptEnded" && ended.push(event))
      yield* LanguageModel.generateText({ prompt: "hi" }).pipe(
        Effect.provide(model),
        Effect.provideService(Event.Sink, sink),
      )
      return ended[0]!
    })
  const usage = { input: 1_000, output: 1_000 }
  const costOf = (attempt: Attempt.Attempt) =>
    Effect.map(PriceBook.cost(attempt), ({ total }) => {
      // What logs and traces say of a call that no budget guards.
      assert.strictEqual(Money.format(Charge.of(attempt, PriceBook.builtIn).cost), Money.format(total))
      return Money.format(total)
    }).pipe(Effect.provide(PriceBook.layer))

  it.live("have the names of the clouds, and the prices of the models behind them", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      for (const dialect of ["openai-responses", "anthropic", "google"] as const) {
        yield* emulator.respond(dialect, () => Reply.text("yes", { usage }))
      }
      const urls = { openai: emulator.baseUrl("openai-responses"), anthropic: emulator.baseUrl("anthropic") }
      const deployments = { chat: { provider: "openai", model: "gpt-6-luna" } }
      const azure = OpenAiClient.layerAzure({
        token: bearer,
        apiUrl: urls.openai,
        pricedAs: deployments,
        account: "eu",
      })
      const bedrock = AnthropicClient.layerBedrock({ apiKey, apiUrl: urls.anthropic })
      const foundry = AnthropicClient.layerFoundry({ apiKey, apiUrl: urls.anthropic })
      const inRegion = { project: "p", location: "europe-west1", token: bearer }
      const claudes = AnthropicClient.layerVertex({ ...inRegion, apiUrl: urls.anthropic })
      const geminis = GoogleClient.layerVertex({ ...inRegion, apiUrl: emulator.baseUrl("google") })
      const plain = AnthropicClient.layer({ apiKey, apiUrl: urls.anthropic })
      const sonnet = AnthropicLanguageModel.model
      const deployed = yield* Effect.provide(attemptOf(OpenAiLanguageModel.model("chat")), azure)
      const direct = yield* Effect.provide(
        attemptOf(OpenAiLanguageModel.model("gpt-6-luna")),
        OpenAiClient.layer({ apiKey, apiUrl: urls.openai }),
      )
      assert.deepStrictEqual([deployed.provider, deployed.model, deployed.account], ["azure.ai.openai", "chat", "eu"])
      assert.strictEqual(yield* costOf(deployed), yield* costOf(direct))
      const own = yield* Effect.provide(attemptOf(sonnet("claude-sonnet-4-5")), plain)
      const global = yield* Effect.provide(
        attemptOf(sonnet("global.anthropic.claude-sonnet-4-5-20250929-v1:0")),
        bedrock,
      )
      const regional = yield* Effect.provide(attemptOf(sonnet("eu.anthropic.claude-sonnet-4-5-20250929-v1:0")), bedrock)
      const inFoundry = yield* Effect.provide(attemptOf(sonnet("claude-sonnet-4-5")), foundry)
      const onVertex = yield* Effect.provide(attemptOf(sonnet("claude-sonnet-4-5@20250929")), claudes)
      const flash = yield* Effect.provide(attemptOf(GoogleLanguageModel.model("gemini-3.8-flash")), geminis)
      assert.deepStrictEqual(
        [global, inFoundry, onVertex, flash].map(({ provider }) => provider),
        ["aws.bedrock", "azure.ai.inference", "gcp.vertex_ai", "gcp.vertex_ai"],
      )
      const price = yield* costOf(own)
      assert.deepStrictEqual([yield* costOf(global), yield* costOf(inFoundry)], [price, price])
      // 1,000 x $3 + 1,000 x $15, and a tenth more in a region.
      assert.deepStrictEqual(
        [price, yield* costOf(regional), yield* costOf(onVertex)],
        ["$0.018", "$0.0198", "$0.0198"],
      )
      assert.match(yield* costOf(flash), /^\$0\.\d+$/)
      // A budget refuses what has no price.
      const named = Budget.enforce({ name: "clouds", daily: "1 USD" })
      const reserved = (model: string) =>
        Effect.exit(LanguageModel.generateText({ prompt: "hi" })).pipe(
          Effect.provide(Layer.provide(named(OpenAiLanguageModel.model(model)), azure)),
        )
      const exits = yield* Effect.provide(
        Effect.all([reserved("chat"), reserved("a-deployment")]),
        Layer.merge(Ledger.layerMemory(), PriceBook.layer),
      )
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false])
      assert.include(JSON.stringify(exits[1]), "a-deployment")
    }).pipe(Effect.provide(Emulator.layer())),
  )
})
