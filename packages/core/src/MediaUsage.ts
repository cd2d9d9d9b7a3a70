/**
 * What a vendor counted of a request that is neither a chat nor a list of texts: images, speech, transcripts, moderation.
 *
 * Vendors bill these by tokens of text, images and sound, by images, by characters, by seconds, or not at all, and most of
 * them report only what they bill by. So everything here may be unknown, and unknown is `undefined`, never zero.
 *
 * @since 0.1.0
 */
import { type Response } from "effect/ai"

/**
 * Tokens of one side, the total and its parts, each token in one part only. Parts that were not told are unknown, also where
 * the total is known; only what is not said to come from a cache does not.
 *
 * @since 0.1.0
 * @category models
 */
export interface MediaTokens {
  readonly total: number | undefined
  readonly text?: number | undefined
  readonly image?: number | undefined
  readonly audio?: number | undefined
  /** Of text and images, read from a cache. */
  readonly cached?: number | undefined
  /** Of sound, read from a cache. */
  readonly cachedAudio?: number | undefined
}

/**
 * What was counted of one request.
 *
 * @since 0.1.0
 * @category models
 */
export interface MediaUsage {
  readonly inputTokens?: MediaTokens | undefined
  readonly outputTokens?: MediaTokens | undefined
  /** Images that were generated. */
  readonly images?: number | undefined
  /** Characters that were spoken: Unicode code points of the text. */
  readonly characters?: number | undefined
  /** Seconds of sound that were listened to, as the vendor bills them. */
  readonly seconds?: number | undefined
  /** Requests that were answered: for what is billed by the request, or is free. */
  readonly requests?: number | undefined
}

/**
 * The tokens alone, as `effect/ai` reports them.
 *
 * @since 0.1.0
 * @category conversions
 */
export const tokensOf = ({ inputTokens, outputTokens }: MediaUsage): Response.FinishPartEncoded["usage"] => ({
  inputTokens: {
    total: inputTokens?.total,
    uncached: undefined,
    cacheRead: cacheReadOf(inputTokens),
    cacheWrite: undefined,
  },
  outputTokens: { total: outputTokens?.total, text: outputTokens?.text, reasoning: undefined },
})

const cacheReadOf = ({ cached, cachedAudio }: Partial<MediaTokens> = {}): number | undefined =>
  cached === undefined && cachedAudio === undefined ? undefined : (cached ?? 0) + (cachedAudio ?? 0)

/**
 * How many characters a text has, as vendors bill them: code points, so that an emoji of one code point is one.
 *
 * @since 0.1.0
 * @category getters
 */
export const charactersOf = (text: string): number => {
  let characters = 0
  for (const _ of text) characters++
  return characters
}
