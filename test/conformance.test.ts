import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiCompatible, OpenAiLanguageModel } from "@holdfast/openai"
import * as ProviderConformance from "@holdfast/testing/ProviderConformance"

ProviderConformance.suite({
  name: "OpenAiLanguageModel.model",
  dialect: "openai-responses",
  model: OpenAiLanguageModel.model("gpt-6.1-terra", { maxOutputTokens: 90 }),
  client: ({ apiKey, baseUrl }) => OpenAiClient.layer({ apiKey, apiUrl: baseUrl }),
  metadata: { openai: { serviceTier: "default" } },
  overrides: {
    inner: OpenAiLanguageModel.withConfigOverride({ maxOutputTokens: 50 }),
    outer: OpenAiLanguageModel.withConfigOverride({ safetyIdentifier: "ada", maxOutputTokens: 60 }),
    without: { max_output_tokens: 90 },
    with: { max_output_tokens: 50, safety_identifier: "ada" },
  },
})

ProviderConformance.suite({
  name: "OpenAiLanguageModel.chat",
  dialect: "openai-chat",
  model: OpenAiLanguageModel.chat("gpt-4.1", { temperature: 0.1 }),
  client: ({ apiKey, baseUrl }) => OpenAiClient.layer({ apiKey, apiUrl: baseUrl }),
  metadata: { openai: { serviceTier: "default" } },
  overrides: {
    inner: OpenAiLanguageModel.withChatConfigOverride({ topP: 0.5 }),
    outer: OpenAiLanguageModel.withChatConfigOverride({ temperature: 0.7, topP: 0.1 }),
    without: { temperature: 0.1 },
    with: { temperature: 0.7, top_p: 0.5 },
  },
})

ProviderConformance.suite({
  name: "OpenAiCompatible.model",
  dialect: "openai-chat",
  model: OpenAiCompatible.model(OpenAiCompatible.vllm, "llama"),
  client: ({ apiKey, baseUrl }) => OpenAiCompatible.layer(OpenAiCompatible.vllm, { apiKey, apiUrl: baseUrl }),
})

ProviderConformance.suite({
  name: "AnthropicLanguageModel.model",
  dialect: "anthropic",
  model: AnthropicLanguageModel.model("claude-sonnet-5", { maxOutputTokens: 9 }),
  client: ({ apiKey, baseUrl }) => AnthropicClient.layer({ apiKey, apiUrl: baseUrl }),
  metadata: { anthropic: { serviceTier: "standard", stopReason: "end_turn" } },
  overrides: {
    inner: AnthropicLanguageModel.withConfigOverride({ maxOutputTokens: 5 }),
    outer: AnthropicLanguageModel.withConfigOverride({ stopSequences: ["."], maxOutputTokens: 6 }),
    without: { max_tokens: 9 },
    with: { max_tokens: 5, stop_sequences: ["."] },
  },
})

ProviderConformance.suite({
  name: "GoogleLanguageModel.model",
  dialect: "google",
  model: GoogleLanguageModel.model("gemini-3.8-flash", { temperature: 0.1 }),
  client: ({ apiKey, baseUrl }) => GoogleClient.layer({ apiKey, apiUrl: baseUrl }),
  metadata: { google: { serviceTier: "standard" } },
  overrides: {
    inner: GoogleLanguageModel.withConfigOverride({ topP: 0.5 }),
    outer: GoogleLanguageModel.withConfigOverride({ temperature: 0.7, topP: 0.1 }),
    without: { generationConfig: { temperature: 0.1 } },
    with: { generationConfig: { temperature: 0.7, topP: 0.5 } },
  },
})

ProviderConformance.suite({
  name: "AnthropicLanguageModel.model without forced tools",
  dialect: "anthropic",
  model: AnthropicLanguageModel.model("claude-opus-5-5"),
  client: ({ apiKey, baseUrl }) => AnthropicClient.layer({ apiKey, apiUrl: baseUrl }),
  capabilities: { forcedTools: false },
})

ProviderConformance.suite({
  name: "OpenAiCompatible.model with schemas in the prompt",
  dialect: "openai-chat",
  model: OpenAiCompatible.model(OpenAiCompatible.deepseek, "deepseek-v4-flash"),
  client: ({ apiKey, baseUrl }) => OpenAiCompatible.layer(OpenAiCompatible.deepseek, { apiKey, apiUrl: baseUrl }),
  capabilities: { jsonSchema: false },
})

// What only the presets differ in is how an answer is read; what is sent has tests of its own.
for (const preset of [
  OpenAiCompatible.groq,
  OpenAiCompatible.mistral,
  OpenAiCompatible.ollama,
  OpenAiCompatible.openrouter,
  OpenAiCompatible.xai,
]) {
  ProviderConformance.suite({
    name: `OpenAiCompatible.${preset.provider}`,
    dialect: "openai-chat",
    model: OpenAiCompatible.model(preset, "some-model"),
    client: ({ apiKey, baseUrl }) => OpenAiCompatible.layer(preset, { apiKey, apiUrl: baseUrl }),
    groups: ["bodies", "habits"],
  })
}
