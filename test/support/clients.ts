import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiCompatible, OpenAiLanguageModel } from "@holdfast/openai"
import { Layer, Redacted } from "effect"

/** How a test reaches a server. */
export interface Reach {
  readonly apiUrl: string
  readonly apiKey: string
  readonly headers?: Readonly<Record<string, string>>
}

const server = OpenAiCompatible.preset({ provider: "acme", apiUrl: "http://localhost", apiKeyName: undefined })

/** A model of every API that there is, on one server. */
export const modelsAt = ({ apiKey, ...rest }: Reach) => {
  const options = { ...rest, apiKey: Redacted.make(apiKey) }
  return [
    ["Responses", OpenAiLanguageModel.model("gpt-6.1-terra").pipe(Layer.provide(OpenAiClient.layer(options)))],
    ["Chat", OpenAiCompatible.model(server, "m").pipe(Layer.provide(OpenAiCompatible.layer(server, options)))],
    [
      "Anthropic",
      AnthropicLanguageModel.model("claude-sonnet-5-5").pipe(Layer.provide(AnthropicClient.layer(options))),
    ],
    ["Google", GoogleLanguageModel.model("gemini-3.8-flash").pipe(Layer.provide(GoogleClient.layer(options)))],
  ] as const
}
