import type { OpenAI } from "openai"

import { type Extra } from "../settings.ts"

/**
 * Settings of a request for embeddings.
 *
 * @since 0.1.0
 * @category models
 */
export interface EmbeddingSettings {
  /** How many numbers a vector has. From `text-embedding-3` on it may be shortened. */
  readonly dimensions?: number | undefined
  /**
   * How vectors come over the wire. Base64 if left out, in a quarter of the bytes: the SDK asks for it and decodes it, and
   * takes numbers from servers that do not know it.
   */
  readonly encodingFormat?: "float" | "base64" | undefined
  /** A stable, hashed id of the end user, for abuse detection. */
  readonly user?: string | undefined
  readonly extra?: (Extra<OpenAI.EmbeddingCreateParams> & Readonly<Record<string, unknown>>) | undefined
}
