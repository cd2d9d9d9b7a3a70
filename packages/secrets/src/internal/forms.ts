/**
 * What keys begin with. Sources: the rules of gitleaks (config/gitleaks.toml) and trufflehog (pkg/detectors), and the vendors' pages.
 */

/**
 * A vendor whose keys have a form.
 *
 * @since 0.1.0
 * @category models
 */
export type Vendor =
  | "openai"
  | "anthropic"
  | "google"
  | "aws.bedrock"
  | "groq"
  | "x_ai"
  | "openrouter"
  | "perplexity"
  | "cerebras"
  | "fireworks"
  | "deepseek"
  | "moonshot"
  | "alibaba"

export interface Form {
  readonly vendor: Vendor
  /** The variables that usually hold one. */
  readonly variables: ReadonlyArray<string>
  readonly prefixes: ReadonlyArray<string>
  /** Keys of the vendor that cannot ask a model. */
  readonly wrongKinds?: Readonly<Record<string, string>>
}

export const forms: ReadonlyArray<Form> = [
  {
    vendor: "openai",
    variables: ["OPENAI_API_KEY"],
    prefixes: ["sk-proj-", "sk-svcacct-", "sk-service-", "sk-"],
    wrongKinds: { "sk-admin-": "it is one for administration, and asks no model" },
  },
  {
    vendor: "anthropic",
    variables: ["ANTHROPIC_API_KEY"],
    prefixes: ["sk-ant-api", "sk-ant-"],
    wrongKinds: {
      "sk-ant-admin": "it is one for administration, and asks no model",
      "sk-ant-oat": "it is a token of a subscription, and no key of the API",
    },
  },
  { vendor: "google", variables: ["GOOGLE_API_KEY", "GEMINI_API_KEY"], prefixes: ["AIza", "AQ."] },
  { vendor: "aws.bedrock", variables: ["AWS_BEARER_TOKEN_BEDROCK"], prefixes: ["ABSK", "bedrock-api-key-"] },
  { vendor: "groq", variables: ["GROQ_API_KEY"], prefixes: ["gsk_"] },
  { vendor: "x_ai", variables: ["XAI_API_KEY"], prefixes: ["xai-"] },
  { vendor: "openrouter", variables: ["OPENROUTER_API_KEY"], prefixes: ["sk-or-"] },
  { vendor: "perplexity", variables: ["PERPLEXITY_API_KEY"], prefixes: ["pplx-"] },
  { vendor: "cerebras", variables: ["CEREBRAS_API_KEY"], prefixes: ["csk-"] },
  { vendor: "fireworks", variables: ["FIREWORKS_API_KEY"], prefixes: ["fw_"] },
  { vendor: "deepseek", variables: ["DEEPSEEK_API_KEY"], prefixes: ["sk-"] },
  { vendor: "moonshot", variables: ["MOONSHOT_API_KEY"], prefixes: ["sk-"] },
  { vendor: "alibaba", variables: ["DASHSCOPE_API_KEY"], prefixes: ["sk-"] },
]

export const formOf = (vendor: Vendor): Form | undefined => forms.find((form) => form.vendor === vendor)
