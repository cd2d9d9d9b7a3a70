/**
 * The clients of clouds, with what they need from the configuration.
 */
import { inspect } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { AnthropicClient } from "@holdfast/anthropic"
import { GoogleClient } from "@holdfast/google"
import { OpenAiClient } from "@holdfast/openai"
import { Config, ConfigProvider, Effect, Layer, Redacted } from "effect"

const variables = (given: Readonly<Record<string, string>>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(given))

const secret = "key-of-a-cloud-0123456789"

const token = Effect.succeed(Redacted.make(secret))

interface Sent {
  readonly url: string
  readonly headers: Headers
}

/** Sends one request through a client, and gives what would have gone over the wire. */
type Send = (given: {
  readonly token?: typeof token
  readonly apiUrl?: Config.Config<string>
}) => Effect.Effect<Sent, unknown>

const watching = () => {
  const sent: Array<Sent> = []
  const fetch: typeof globalThis.fetch = (input, init) => {
    sent.push({ url: input instanceof Request ? input.url : String(input), headers: new Headers(init?.headers) })
    return Promise.resolve(new Response("{}", { headers: { "content-type": "application/json" } }))
  }
  const first = Effect.sync(() => sent[0] as Sent)
  return { fetch, first }
}

const openAi =
  (layer: typeof OpenAiClient.layerAzureConfig | typeof OpenAiClient.layerBedrockConfig): Send =>
  (given) =>
    Effect.suspend(() => {
      const { fetch, first } = watching()
      return Effect.flatMap(OpenAiClient.OpenAiClient, ({ chat }) => chat.once({ model: "m", messages: [] })).pipe(
        Effect.andThen(first),
        Effect.provide(layer({ ...given, fetch })),
      )
    })

type Claude = (
  options: Parameters<typeof AnthropicClient.layerBedrockConfig>[0] & { readonly token?: typeof token },
) => ReturnType<typeof AnthropicClient.layerBedrockConfig>

const claude =
  (layer: Claude): Send =>
  (given) =>
    Effect.suspend(() => {
      const { fetch, first } = watching()
      const body = { model: "claude-sonnet-5-5", max_tokens: 1, messages: [] }
      return Effect.flatMap(AnthropicClient.AnthropicClient, ({ messages }) => messages.once(body, [])).pipe(
        Effect.andThen(first),
        Effect.provide(layer({ ...given, fetch })),
      )
    })

const gemini: Send = (given) =>
  Effect.suspend(() => {
    const { fetch, first } = watching()
    return Effect.flatMap(GoogleClient.GoogleClient, ({ content }) =>
      content.once({ model: "gemini-3.8-flash", contents: [{ role: "user", parts: [{ text: "hi" }] }], config: {} }),
    ).pipe(Effect.andThen(first), Effect.provide(GoogleClient.layerVertexConfig({ token, ...given, fetch })))
  })

interface Case {
  readonly name: string
  readonly send: Send
  readonly place: readonly [variable: string, value: string]
  readonly key?: string
  readonly host: string
  readonly header: string
}

const cases: ReadonlyArray<Case> = [
  {
    name: "OpenAiClient.layerAzureConfig",
    send: openAi(OpenAiClient.layerAzureConfig),
    place: ["AZURE_OPENAI_RESOURCE", "res"],
    key: "AZURE_OPENAI_API_KEY",
    host: "res.openai.azure.com",
    header: "api-key",
  },
  {
    name: "OpenAiClient.layerBedrockConfig",
    send: openAi(OpenAiClient.layerBedrockConfig),
    place: ["AWS_REGION", "eu-central-1"],
    key: "AWS_BEARER_TOKEN_BEDROCK",
    host: "bedrock-mantle.eu-central-1.api.aws",
    header: "authorization",
  },
  {
    name: "AnthropicClient.layerBedrockConfig",
    send: claude(AnthropicClient.layerBedrockConfig),
    place: ["AWS_REGION", "eu-central-1"],
    key: "AWS_BEARER_TOKEN_BEDROCK",
    host: "bedrock-runtime.eu-central-1.amazonaws.com",
    header: "authorization",
  },
  {
    name: "AnthropicClient.layerFoundryConfig",
    send: claude(AnthropicClient.layerFoundryConfig),
    place: ["ANTHROPIC_FOUNDRY_RESOURCE", "res"],
    key: "ANTHROPIC_FOUNDRY_API_KEY",
    host: "res.services.ai.azure.com",
    header: "x-api-key",
  },
  {
    name: "AnthropicClient.layerVertexConfig",
    send: claude((options) => AnthropicClient.layerVertexConfig({ token, ...options })),
    place: ["ANTHROPIC_VERTEX_PROJECT_ID", "my-project"],
    host: "aiplatform.googleapis.com",
    header: "authorization",
  },
  {
    name: "GoogleClient.layerVertexConfig",
    send: gemini,
    place: ["GOOGLE_CLOUD_PROJECT", "my-project"],
    host: "aiplatform.googleapis.com",
    header: "authorization",
  },
]

const both = ({ key, place: [variable, value] }: Case) => ({
  [variable]: value,
  ...(key !== undefined && { [key]: secret }),
})

const missing = (self: Effect.Effect<unknown, unknown>) =>
  Effect.map(Effect.flip(self), (error) => {
    assert.notInclude(inspect(error, { depth: 10 }), secret)
    return (error as Error).message
  })

describe.each(cases)("$name", (subject) => {
  const { header, host, key, place, send } = subject

  it.effect("reads where the cloud is, and what it is to be sent", () =>
    Effect.gen(function* () {
      const { headers, url } = yield* send({}).pipe(variables(both(subject)))
      assert.strictEqual(new URL(url).host, host)
      assert.include(headers.get(header), secret)
      if (key === undefined) assert.include(url, "/projects/my-project/locations/global/")
    }),
  )

  it.effect("names the variable that is missing", () =>
    Effect.gen(function* () {
      const { [place[0]]: _, ...withoutPlace } = both(subject)
      assert.include(yield* missing(send({}).pipe(variables(withoutPlace))), place[0])
      if (key === undefined) return
      const told = yield* missing(send({}).pipe(variables({ [place[0]]: place[1] })))
      const [module, layer] = subject.name.split(".")
      assert.strictEqual(told, `${module}: the key is missing; set ${key}, or give ${layer} another apiKey`)
    }),
  )

  it.effect("goes through a gateway, and takes a token instead of a key", () =>
    Effect.gen(function* () {
      const project = key === undefined ? both(subject) : {}
      const apiUrl = Config.succeed("https://gateway.example")
      const { headers, url } = yield* send({ token, apiUrl }).pipe(variables(project))
      assert.strictEqual(new URL(url).host, "gateway.example")
      assert.strictEqual(headers.get("authorization"), `Bearer ${secret}`)
    }),
  )
})

describe("a location of Vertex AI", () => {
  it.effect("is read where it is set", () =>
    Effect.gen(function* () {
      const places = { GOOGLE_CLOUD_PROJECT: "p", GOOGLE_CLOUD_LOCATION: "europe-west1" }
      const { url } = yield* gemini({}).pipe(variables(places))
      assert.strictEqual(new URL(url).host, "europe-west1-aiplatform.googleapis.com")
      const built = Layer.build(AnthropicClient.layerVertexConfig({ token }))
      const region = { ANTHROPIC_VERTEX_PROJECT_ID: "p", CLOUD_ML_REGION: "us" }
      const { apiUrl } = yield* Effect.provide(AnthropicClient.AnthropicClient, Layer.effectContext(built)).pipe(
        variables(region),
        Effect.scoped,
      )
      assert.strictEqual(apiUrl, "https://aiplatform.us.rep.googleapis.com")
    }),
  )
})
