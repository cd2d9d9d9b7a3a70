/**
 * Gemini models for Holdfast, on the official SDK.
 *
 * @module @holdfast/google
 */
export * as GoogleBatch from "./GoogleBatch.ts"
export * as GoogleCache from "./GoogleCache.ts"
export * as GoogleClient from "./GoogleClient.ts"
export * as GoogleEmbeddingModel from "./GoogleEmbeddingModel.ts"
export * as GoogleFiles from "./GoogleFiles.ts"
export * as GoogleImageModel from "./GoogleImageModel.ts"
export * as GoogleLanguageModel from "./GoogleLanguageModel.ts"
export * as GoogleSpeechModel from "./GoogleSpeechModel.ts"
export * as GoogleTokenCounter from "./GoogleTokenCounter.ts"
export * as GoogleTool from "./GoogleTool.ts"
export * as GoogleTranscriptionModel from "./GoogleTranscriptionModel.ts"
