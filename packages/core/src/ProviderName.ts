/**
 * The names of providers. Attempts, budgets, prices and circuits call a provider as OpenTelemetry does, and people call it
 * as its packages or its company do.
 *
 * @since 0.1.0
 */

/**
 * The name that attempts have of a provider, whichever of its usual names is given. A name that is not known here is the
 * provider's own, and stays.
 *
 * **Details**
 *
 * The names are those of `gen_ai.provider.name` in OpenTelemetry's semantic conventions for generative AI.
 *
 * **Example** (Two names of one provider)
 *
 * ```ts
 * import { ProviderName } from "@holdfast/core"
 *
 * ProviderName.canonical("google") // => "gcp.gemini"
 * ProviderName.canonical("Mistral") // => "mistral_ai"
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const canonical = (name: string): string => names.get(name.toLowerCase()) ?? name

/**
 * A key that begins with the name of a provider, `<provider>/<model>` in most places, with the name that attempts have of it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const canonicalKey = (key: string): string => {
  const slash = key.indexOf("/")
  return slash < 0 ? key : `${canonical(key.slice(0, slash))}${key.slice(slash)}`
}

const known: Readonly<Record<string, ReadonlyArray<string>>> = {
  alibaba: ["alibaba", "dashscope", "qwen"],
  anthropic: ["anthropic", "claude"],
  "aws.bedrock": ["aws.bedrock", "bedrock", "amazon-bedrock", "aws_bedrock"],
  "azure.ai.inference": ["azure.ai.inference", "azure-ai", "azure_ai"],
  "azure.ai.openai": ["azure.ai.openai", "azure", "azure-openai", "azure_openai"],
  cohere: ["cohere"],
  deepseek: ["deepseek"],
  "gcp.gemini": ["gcp.gemini", "google", "gemini", "google-ai", "google_ai", "google-genai"],
  "gcp.vertex_ai": ["gcp.vertex_ai", "vertex", "vertex-ai", "vertex_ai", "vertexai", "google-vertex"],
  groq: ["groq"],
  "ibm.watsonx.ai": ["ibm.watsonx.ai", "watsonx"],
  mistral_ai: ["mistral_ai", "mistral", "mistralai", "mistral-ai"],
  moonshotai: ["moonshotai", "moonshot", "moonshot_ai", "moonshot-ai", "kimi"],
  openai: ["openai"],
  perplexity: ["perplexity"],
  x_ai: ["x_ai", "xai", "x-ai", "grok"],
  z_ai: ["z_ai", "zai", "z-ai", "z.ai", "zhipu", "zhipuai"],
}

const names: ReadonlyMap<string, string> = new Map(
  Object.entries(known).flatMap(([name, all]) => all.map((one): [string, string] => [one, name])),
)
