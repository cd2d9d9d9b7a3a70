import { assert, describe, it } from "@effect/vitest"
import * as ClientConformance from "@holdfast/testing/ClientConformance"
import { Effect, Layer, Redacted } from "effect"

import * as OpenAiClient from "../src/OpenAiClient.ts"

const body: OpenAiClient.ChatBody = { model: "m", messages: [{ role: "user", content: "hi" }] }
const input: OpenAiClient.ResponsesBody = { model: "m", input: "hi" }

const common = {
  name: "OpenAiClient",
  make: (options: ClientConformance.Options) =>
    OpenAiClient.make({ ...options, organizationId: "org-mine", projectId: "proj-mine" }),
  configured: {
    variable: "OPENAI_API_KEY",
    read: Effect.map(OpenAiClient.OpenAiClient, ({ apiUrl }) => apiUrl).pipe(
      Effect.provide(OpenAiClient.layerConfig()),
    ),
    expected: OpenAiClient.defaultApiUrl,
  },
  environment: {
    OPENAI_BASE_URL: "http://127.0.0.1:1",
    OPENAI_API_KEY: "sk-other",
    OPENAI_ADMIN_KEY: "sk-admin",
    OPENAI_ORG_ID: "org-env",
    OPENAI_PROJECT_ID: "proj-env",
    OPENAI_CUSTOM_HEADERS: "x-env: yes\nauthorization: Bearer sk-env",
    OPENAI_LOG: "debug",
  },
  headers: {
    "openai-organization": "org-mine",
    "openai-project": "proj-mine",
    "x-stainless-retry-count": "0",
  },
  sdk: { sdk: "openai", index: new URL("../src/index.ts", import.meta.url) },
}

describe("Chat Completions", () => {
  ClientConformance.suite<OpenAiClient.Service>({
    ...common,
    dialect: "openai-chat",
    once: ({ chat }) => chat.once(body),
    open: ({ chat }) => chat.open(body),
    use: ({ use }) =>
      use((sdk, signal) =>
        sdk.chat.completions.create(body, { signal }).then(({ choices }) => choices[0]?.message.content),
      ),
    sent: { key: "authorization", headers: common.headers, path: "/openai/v1/chat/completions" },
  })
})

describe("Responses", () => {
  ClientConformance.suite<OpenAiClient.Service>({
    ...common,
    dialect: "openai-responses",
    once: ({ responses }) => responses.once(input),
    open: ({ responses }) => responses.open(input),
    use: ({ use }) =>
      use((sdk, signal) => sdk.responses.create(input, { signal }).then((answer) => answer.output_text)),
    sent: { key: "authorization", headers: common.headers, path: "/openai/v1/responses" },
  })
})

it("is a layer", () => {
  assert.isTrue(Layer.isLayer(OpenAiClient.layer({ apiKey: Redacted.make("sk-test") })))
})
