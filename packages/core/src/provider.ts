/**
 * What a provider is written with: `@holdfast/core/provider`.
 *
 * Applications need none of it. A provider brings two functions on a vendor's SDK (`ProviderModel`), and reads with these
 * modules what is the same for all vendors: errors, streams, JSON that cannot be trusted, token counts, tools, media.
 *
 * @module @holdfast/core/provider
 */
export * as AnswerBody from "./provider/AnswerBody.ts"
export * as AnswerModes from "./provider/AnswerModes.ts"
export * as AnswerResponse from "./provider/AnswerResponse.ts"
export * as AnswerState from "./provider/AnswerState.ts"
export * as BoundedBody from "./provider/BoundedBody.ts"
export * as Bounds from "./provider/Bounds.ts"
export * as CloudAuth from "./provider/CloudAuth.ts"
export * as CloudPrices from "./provider/CloudPrices.ts"
export * as CommonErrorRules from "./provider/CommonErrorRules.ts"
export * as Endpoint from "./provider/Endpoint.ts"
export * as ErrorRule from "./provider/ErrorRule.ts"
export * as EventLines from "./provider/EventLines.ts"
export * as EventReader from "./provider/EventReader.ts"
export * as Json from "./provider/Json.ts"
export * as JsonSchemas from "./provider/JsonSchemas.ts"
export * as KeyedFetch from "./provider/KeyedFetch.ts"
export * as KeyConfig from "./provider/KeyConfig.ts"
export * as Media from "./provider/Media.ts"
export * as PromptOptions from "./provider/PromptOptions.ts"
export * as ProviderEmbeddingModel from "./provider/ProviderEmbeddingModel.ts"
export * as ProviderError from "./provider/ProviderError.ts"
export * as ProviderModel from "./provider/ProviderModel.ts"
export * as Ranges from "./provider/Ranges.ts"
export * as Refusals from "./provider/Refusals.ts"
export * as Secrets from "./provider/Secrets.ts"
export * as SdkEndpoint from "./provider/SdkEndpoint.ts"
export * as SdkModel from "./provider/SdkModel.ts"
export * as SdkStream from "./provider/SdkStream.ts"
export * as Settings from "./provider/Settings.ts"
export * as StainlessClient from "./provider/StainlessClient.ts"
export * as StainlessError from "./provider/StainlessError.ts"
export * as TokenCounts from "./provider/TokenCounts.ts"
export * as ToolForms from "./provider/ToolForms.ts"
export * as Transcript from "./provider/Transcript.ts"
export * as UpstreamError from "./provider/UpstreamError.ts"
export * as UntimedFetch from "./provider/UntimedFetch.ts"
