/**
 * The providers between which conversations move in the tests, and in the table of `docs/conversations.md`.
 */
import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiCompatible, OpenAiLanguageModel } from "@holdfast/openai"
import * as ConversationConformance from "@holdfast/testing/ConversationConformance"

type Connection = Parameters<ConversationConformance.Subject<never>["client"]>[0]

const openai = ({ apiKey, baseUrl }: Connection) => OpenAiClient.layer({ apiKey, apiUrl: baseUrl })
const anthropic = ({ apiKey, baseUrl }: Connection) => AnthropicClient.layer({ apiKey, apiUrl: baseUrl })
const google = ({ apiKey, baseUrl }: Connection) => GoogleClient.layer({ apiKey, apiUrl: baseUrl })

/** A server that imitates OpenAI. */
export const compatible = <Name extends string>(
  name: string,
  preset: OpenAiCompatible.Preset<Name>,
  model: string,
): ConversationConformance.Participant =>
  ConversationConformance.participant({
    name,
    dialect: "openai-chat",
    model: OpenAiCompatible.model(preset, model),
    client: ({ apiKey, baseUrl }) => OpenAiCompatible.layer(preset, { apiKey, apiUrl: baseUrl }),
  })

const claude = (
  name: string,
  model: string,
  settings: Parameters<typeof AnthropicLanguageModel.model>[1],
  refuses: ReadonlyArray<string> = [],
): ConversationConformance.Participant =>
  ConversationConformance.participant({
    name,
    dialect: "anthropic",
    model: AnthropicLanguageModel.model(model, settings),
    client: anthropic,
    refuses,
  })

const gemini = (name: string, model: string): ConversationConformance.Participant =>
  ConversationConformance.participant({
    name,
    dialect: "google",
    model: GoogleLanguageModel.model(model),
    client: google,
  })

const systemMessage = "a system message in the middle"

/** All of them. */
export const participants: ReadonlyArray<ConversationConformance.Participant> = [
  ConversationConformance.participant({
    name: "OpenAI Responses",
    dialect: "openai-responses",
    model: OpenAiLanguageModel.model("gpt-6.1-terra"),
    client: openai,
  }),
  ConversationConformance.participant({
    name: "OpenAI Chat",
    dialect: "openai-chat",
    model: OpenAiLanguageModel.chat("gpt-4.1"),
    client: openai,
  }),
  compatible("DeepSeek", OpenAiCompatible.deepseek, "deepseek-v4-flash"),
  compatible("Mistral", OpenAiCompatible.mistral, "mistral-large-latest"),
  claude("Claude", "claude-opus-5-5", {}),
  claude("Claude 4.5, thinking", "claude-sonnet-4-5", { thinking: { mode: "enabled", budgetTokens: 2048 } }, [
    systemMessage,
  ]),
  claude("Claude 4.5, not thinking", "claude-haiku-4-5", {}, [systemMessage]),
  gemini("Gemini 2.5", "gemini-2.5-pro"),
  gemini("Gemini 3", "gemini-flash-latest"),
]

/** A server that takes schemas, but no strict tools. */
export const vllm = compatible("vLLM", OpenAiCompatible.vllm, "llama")
