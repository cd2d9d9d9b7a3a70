import type { EmbedContentConfig } from "@google/genai/web"

/**
 * Settings of a request for embeddings.
 *
 * @since 0.1.0
 * @category models
 */
export interface EmbeddingSettings {
  /** What the vectors are for. `gemini-embedding-2` takes none: there it is part of the text. */
  readonly taskType?: TaskType | undefined
  /** What a text is about, for `RETRIEVAL_DOCUMENT`. */
  readonly title?: string | undefined
  /**
   * How many numbers a vector has: 3,072 if left out. Shorter vectors of `gemini-embedding-001` are not of length one, as
   * distances by their product need it.
   */
  readonly outputDimensionality?: number | undefined
  /** Request fields that are not modelled here, in the SDK's own names. They are merged over everything else. */
  readonly extra?: Readonly<Partial<Omit<EmbedContentConfig, "abortSignal" | "httpOptions">>> | undefined
}

/**
 * What vectors are for.
 *
 * @since 0.1.0
 * @category models
 */
export type TaskType =
  | "SEMANTIC_SIMILARITY"
  | "CLASSIFICATION"
  | "CLUSTERING"
  | "RETRIEVAL_DOCUMENT"
  | "RETRIEVAL_QUERY"
  | "CODE_RETRIEVAL_QUERY"
  | "QUESTION_ANSWERING"
  | "FACT_VERIFICATION"
  | (string & {})
