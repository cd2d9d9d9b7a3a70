/**
 * How many tokens a text or a request will be, roughly and at once.
 *
 * The tokenizers of the vendors are megabytes of tables, differ from model to model, and take longer than linear time on
 * hostile texts. A reservation that is settled after the call needs no such precision: a count by runs of letters, digits and
 * signs and by script is within a quarter for English, code, JSON and hashes, and too high rather than too low for other scripts.
 *
 * @since 0.1.0
 */
import { type ModelRequest } from "./internal/call/types.ts"
import { contentsOf, overheadOf, type PromptContents } from "./internal/tokens/contents.ts"
import { type TokenFamily, tokenFamilyOf, unknownFamily } from "./internal/tokens/family.ts"
import { mediaTokens } from "./internal/tokens/media.ts"
import { textTokens, totalOf } from "./internal/tokens/text.ts"
import { type Options, type TokenEstimate as Estimate } from "./Operation.ts"

/**
 * The tokens of a request and of its answer.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenEstimate = Estimate

/**
 * The tokens of a text, a whole number.
 *
 * **Details**
 *
 * ASCII counts by runs: a word of up to eight letters with the space before it, three digits, two signs. Letters of other
 * alphabets are 0.42, signs of East Asia 0.75, and what lies beyond the basic plane, such as emoji, 2.2. Measured against
 * `o200k_base`: prose and code +10 %, JSON +10 to +25 %, hashes and base64 -5 to 0 %, other languages -15 to +60 %, emoji -5
 * to +35 %. Reads each character once.
 *
 * **Example** (A sentence)
 *
 * ```ts
 * import { TokenEstimate } from "@holdfast/core"
 *
 * TokenEstimate.ofText("Why do ships float?") // => 5
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofText = (text: string): number => Math.ceil(textTokens(text).likely)

/**
 * The tokens of a request with all its messages, files, tools and the schema of the answer, and those of an answer of
 * usual length.
 *
 * **Details**
 *
 * - The newer tokenizer of Anthropic makes about 1.45 times as many tokens of a text, that of the models before Claude 4.7
 *   about 1.15 times; others count as `o200k_base`. A tenth is added to all.
 * - Pictures count by their size as the provider counts them, and 1,600 tokens where it is not known. Of other files the number
 *   of bytes decides: 2,000 tokens for 50 kB of a PDF, a second for 16 kB of sound and 250 kB of film, 1,600 for what is only
 *   linked to.
 * - Tools count with what the provider adds to a prompt for them.
 * - An answer is taken to have 500 tokens. How long it may become at most is known to the provider's model alone.
 *
 * **Gotchas**
 *
 * It is for setting aside what is settled afterwards. Money and context windows want the counts of the provider.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofRequest = (
  { options }: ModelRequest<"chat">,
  source?: { readonly provider: string; readonly model: string },
): TokenEstimate => ofOptions(options, source)

/** @internal */
export const ofOptions = (
  options: Options<"chat">,
  source?: { readonly provider: string; readonly model: string },
): TokenEstimate => ({
  input: Math.ceil(tokensOf(options, source === undefined ? unknownFamily() : tokenFamilyOf(source)) * margin),
  output: usualAnswer,
})

/** @internal */
export const ofMedia = (
  options: Extract<Options, { readonly media: string }>,
  source?: { readonly provider: string; readonly model: string },
): TokenEstimate => {
  const family = source === undefined ? unknownFamily() : tokenFamilyOf(source)
  const contents = contentsOf(options)
  const { answers = 1, hasAnswer, units } = contents
  const sound = (units?.seconds ?? 0) * family.soundPerSecond
  return {
    input: Math.ceil((contentTokens(contents, family) + sound) * margin),
    output: hasAnswer ? answers * usualAnswer : 0,
  }
}

/** @internal */
export const ofInputs = (inputs: ReadonlyArray<string>): TokenEstimate => ({
  input: Math.ceil(totalOf(inputs).likely * margin),
  output: 0,
})

const margin = 1.1

const usualAnswer = 500

const tokensOf = (options: Options<"chat">, family: TokenFamily): number => contentTokens(contentsOf(options), family)

const contentTokens = (contents: PromptContents, family: TokenFamily): number => {
  const texts = totalOf(contents.texts).likely * family.textFactor
  return contents.files.reduce(
    (sum, file) => sum + mediaTokens(file, family).likely,
    texts + overheadOf(contents, family),
  )
}
