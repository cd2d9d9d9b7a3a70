/**
 * The settings of a model. They live here, so that the modules that read them need not import the public ones.
 */
import type { GenerateContentConfig, HarmBlockThreshold, HarmCategory, ServiceTier } from "@google/genai/web"

/**
 * How much a model thinks, and whether it tells.
 *
 * **Details**
 *
 * Gemini 2.5 is given a budget, Gemini 3 and later a level. Without either a model decides by itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface ThinkingSettings {
  /** For Gemini 3 and later. Which levels there are depends on the model. */
  readonly level?: ThinkingLevel | undefined
  /** Tokens, for Gemini 2.5: -1 lets the model decide, 0 switches thinking off where that can be done. */
  readonly budget?: number | undefined
  /** Whether summaries of the thoughts come with the answer, as reasoning. */
  readonly includeThoughts?: boolean | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export type ThinkingLevel = "minimal" | "low" | "medium" | "high"

/**
 * From which probability of harm on an answer is blocked.
 *
 * @since 0.1.0
 * @category models
 */
export interface SafetySetting {
  readonly category: `${HarmCategory}`
  readonly threshold: `${HarmBlockThreshold}`
}

/**
 * Request fields that are not modelled here, in the SDK's own names. They are merged over everything else.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Extra = Readonly<
  Partial<
    Omit<
      GenerateContentConfig,
      "abortSignal" | "automaticContinuation" | "automaticFunctionCalling" | "candidateCount" | "httpOptions"
    >
  >
>

/**
 * Settings of a model.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /** Between 0 and 2. Google advises to leave it alone from Gemini 3 on. */
  readonly temperature?: number | undefined
  /** Nucleus sampling, between 0 and 1. */
  readonly topP?: number | undefined
  /** Sampling from so many of the likeliest tokens. */
  readonly topK?: number | undefined
  /** The most tokens that may be generated, thoughts included. */
  readonly maxOutputTokens?: number | undefined
  /** At most five. */
  readonly stopSequences?: ReadonlyArray<string> | undefined
  readonly seed?: number | undefined
  /** Between -2 and 2. Not for Gemini 2.5 and later. */
  readonly presencePenalty?: number | undefined
  /** Between -2 and 2. Not for Gemini 2.5 and later. */
  readonly frequencyPenalty?: number | undefined
  readonly thinking?: ThinkingSettings | undefined
  /**
   * Whether the calls of a model that may also answer in text are made to fit their schemas. By default only calls that
   * the model is made to make are.
   */
  readonly strictTools?: boolean | undefined
  readonly safetySettings?: ReadonlyArray<SafetySetting> | undefined
  /**
   * The name of a cached prefix of the prompt: `cachedContents/...`. System messages, tools and the tool choice are part
   * of it, so that a request that uses it has none of its own.
   */
  readonly cachedContent?: string | undefined
  /** How closely images, videos and documents are looked at, and so how many tokens they cost. */
  readonly mediaResolution?: "low" | "medium" | "high" | undefined
  /** Text if left out. Other kinds come as `file` parts. */
  readonly responseModalities?: ReadonlyArray<"text" | "image" | "audio"> | undefined
  readonly serviceTier?: `${ServiceTier}` | undefined
  /** Shown in billing reports. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly extra?: Extra | undefined
}
