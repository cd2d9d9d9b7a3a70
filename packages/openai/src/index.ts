/**
 * OpenAI and OpenAI-compatible models for Holdfast, on the official SDK.
 *
 * @module @holdfast/openai
 */
export * as OpenAiBatch from "./OpenAiBatch.ts"
export * as OpenAiClient from "./OpenAiClient.ts"
export * as OpenAiCompatible from "./OpenAiCompatible.ts"
export * as OpenAiDecisionModel from "./OpenAiDecisionModel.ts"
export * as OpenAiEmbeddingModel from "./OpenAiEmbeddingModel.ts"
export * as OpenAiFiles from "./OpenAiFiles.ts"
export * as OpenAiImageModel from "./OpenAiImageModel.ts"
export * as OpenAiLanguageModel from "./OpenAiLanguageModel.ts"
export * as OpenAiModerationModel from "./OpenAiModerationModel.ts"
export * as OpenAiSpeechModel from "./OpenAiSpeechModel.ts"
export * as OpenAiTokenCounter from "./OpenAiTokenCounter.ts"
export * as OpenAiTool from "./OpenAiTool.ts"
export * as OpenAiTranscriptionModel from "./OpenAiTranscriptionModel.ts"
