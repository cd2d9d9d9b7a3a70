/**
 * The seam, the policies and the typed failures of Holdfast.
 *
 * @module @holdfast/core
 */
export * as Failure from "./Failure.ts"
export * as ModelCall from "./ModelCall.ts"
export * as PolicyError from "./PolicyError.ts"
export * as ProviderError from "./ProviderError.ts"
export * as ProviderModel from "./ProviderModel.ts"
export * as ResilientModel from "./ResilientModel.ts"
export * as SdkStream from "./SdkStream.ts"
