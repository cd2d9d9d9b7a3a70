import { type Limits } from "@holdfast/core/provider/BatchProvider"

/**
 * How the batch APIs of servers differ. Plain data.
 *
 * @since 0.1.0
 * @category models
 */
export interface BatchApi {
  /** The paths and shapes: OpenAI's, with a file ahead, those of Mistral, or those of OpenRouter, which takes the items at once. */
  readonly form: "openai" | "mistral" | "openrouter"
  /** The most that one batch takes here. */
  readonly limits: Limits
  /** Whether it takes requests for embeddings. It does not if left out. */
  readonly embeddings?: boolean | undefined
  /** Whether the server can be told when to remove a file. */
  readonly filesExpire: boolean
}

/**
 * What is sent at once is held in memory until it is answered, so that a batch is smaller here than vendors allow.
 */
const mostBytes = 64_000_000

/** 50,000 requests, 50,000 texts for vectors, and 200 MB: https://developers.openai.com/api/docs/guides/batch */
export const openAiApi: BatchApi = {
  form: "openai",
  limits: { items: 50_000, bytes: mostBytes, texts: 50_000 },
  filesExpire: true,
  embeddings: true,
}

/** 50,000 lines and 200 MB, and no embeddings: https://console.groq.com/docs/batch */
export const groqApi: BatchApi = { form: "openai", limits: { items: 50_000, bytes: mostBytes }, filesExpire: false }

/** A million requests may wait in a workspace, and a file takes 512 MB: https://docs.mistral.ai/capabilities/batch/ */
export const mistralApi: BatchApi = {
  form: "mistral",
  limits: { items: 100_000, bytes: mostBytes },
  filesExpire: false,
  embeddings: true,
}

/** No limit is written down: https://openrouter.ai/docs/batch-quickstart */
export const openRouterApi: BatchApi = {
  form: "openrouter",
  limits: { items: 50_000, bytes: mostBytes },
  filesExpire: false,
  embeddings: true,
}
