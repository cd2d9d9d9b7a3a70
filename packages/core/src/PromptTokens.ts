/**
 * What a request is made of and how many tokens that is, for estimates in tokens here and in money in `@holdfast/cost`.
 *
 * It is not part of the API: `TokenEstimate` and `Estimate` are. It has a path of its own because both count with it.
 *
 * @internal
 */
export { contentsOf, jsonOf, overheadOf, type PromptContents, toolText } from "./internal/tokens/contents.ts"
export { type TokenFamily, tokenFamilyOf } from "./internal/tokens/family.ts"
export { type Doubt, type MediaTokens, mediaTokens } from "./internal/tokens/media.ts"
export { type TextTokens, textTokens, totalOf } from "./internal/tokens/text.ts"
