/**
 * Claude models for Holdfast, on the official SDK.
 *
 * @module @holdfast/anthropic
 */
export * as AnthropicBatch from "./AnthropicBatch.ts"
export * as AnthropicClient from "./AnthropicClient.ts"
export * as AnthropicFiles from "./AnthropicFiles.ts"
export * as AnthropicLanguageModel from "./AnthropicLanguageModel.ts"
export * as AnthropicTokenCounter from "./AnthropicTokenCounter.ts"
export * as AnthropicTool from "./AnthropicTool.ts"
