import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiCompatible, OpenAiLanguageModel } from "@holdfast/openai"
import * as ProviderConformance from "@holdfast/testing/ProviderConformance"

ProviderConformance.suite({
  name: "OpenAiLanguageModel.model",
  dialect: "openai-responses",
  model: OpenAiLanguageModel.model("gpt-6.1-terra"),
  client: ({ apiKey, baseUrl }) => OpenAiClient.layer({ apiKey, apiUrl: baseUrl }),
})

ProviderConformance.suite({
  name: "OpenAiLanguageModel.chat",
  dialect: "openai-chat",
  model: OpenAiLanguageModel.chat("gpt-4.1"),
  client: ({ apiKey, baseUrl }) => OpenAiClient.layer({ apiKey, apiUrl: baseUrl }),
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
  model: AnthropicLanguageModel.model("claude-sonnet-5"),
  client: ({ apiKey, baseUrl }) => AnthropicClient.layer({ apiKey, apiUrl: baseUrl }),
})

ProviderConformance.suite({
  name: "GoogleLanguageModel.model",
  dialect: "google",
  model: GoogleLanguageModel.model("gemini-3.8-flash"),
  client: ({ apiKey, baseUrl }) => GoogleClient.layer({ apiKey, apiUrl: baseUrl }),
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
