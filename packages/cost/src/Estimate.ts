/**
 * What a call will cost at most, before it is made.
 *
 * The tokens of a prompt are counted by runs of letters, digits and signs and by script, with a factor for the family of
 * the model, and corrected by what real answers of that model turned out to be. Files are counted by the formulas of the
 * providers. The answer is as long as the request lets it be. What cannot be bounded by what the request says is named
 * in `doubts`.
 *
 * **Where in a stack**: nowhere by itself; a budget reserves with it before each attempt.
 *
 * @since 0.1.0
 */

import { type ModelCall, ProviderName, TokenCounter } from "@holdfast/core"
import {
  contentsOf,
  type Doubt as MediaDoubt,
  mediaTokens,
  overheadOf,
  type PromptContents,
  type TextTokens,
  tokenFamilyOf,
  totalOf,
} from "@holdfast/core/PromptTokens"
import { count } from "@holdfast/core/provider/Json"
import { Context, Effect, Exit, Layer } from "effect"
import { AiError, type Prompt, Tokenizer } from "effect/ai"

import { bound, type Correction, initial, learn } from "./internal/estimate/correction.ts"
import { textPieces } from "./internal/estimate/pieces.ts"
import { gptTokenizer } from "./internal/optionalPackage.ts"
import { type PackageMissing } from "./internal/packageMissing.ts"
import type * as Price from "./Price.ts"

/**
 * Why an estimate may be too low.
 *
 * **Details**
 *
 * `linkedFile` is one whose bytes are elsewhere; `document`, `sound` and `film` are bounded only by their number of
 * bytes. `providerTools` add to the prompt what they find. `outputLimit`: neither the caller nor the price says how long
 * an answer may be.
 *
 * @since 0.1.0
 * @category models
 */
export type Doubt = MediaDoubt | "providerTools" | "outputLimit"

/**
 * How many tokens a call has at most. `Price.atMost` says what they cost.
 *
 * @since 0.1.0
 * @category models
 */
export interface Estimate {
  readonly provider: string
  readonly model: string
  /** Of the prompt, without sounds and images. */
  readonly input: number
  readonly audioInput: number
  readonly imageInput: number
  readonly output: number
  /** What may be billed otherwise; absent of chats and embeddings. */
  readonly units?: Price.Units | undefined
  /** What `input` cannot exceed, whatever the text: its bytes. Mostly three or four times as much. */
  readonly inputAtMost: number
  /** The count that `input` was made from by the correction. Real usage is compared with it. */
  readonly uncorrected: number
  /** Whether there was nothing but text, so that real usage says something of how texts are counted. */
  readonly isText: boolean
  readonly doubts: ReadonlyArray<Doubt>
}

/**
 * The model that is about to be called.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  readonly provider: string
  readonly model: string
  /** For the most that the model generates, if the caller does not say less. */
  readonly price?: Pick<Price.Price, "contextWindow" | "maxOutputTokens"> | undefined
  /** The most that the request lets the model generate, by its settings. */
  readonly maxOutputTokens?: number | undefined
}

/**
 * Estimates calls, and learns from what they turned out to be.
 *
 * @since 0.1.0
 * @category services
 */
export class Estimator extends Context.Service<
  Estimator,
  {
    readonly estimate: (request: ModelCall.ModelRequest, target: Target) => Effect.Effect<Estimate>
    /** Compares an estimate with the usage that was reported, if it says anything of texts. */
    readonly learn: (estimate: Estimate, usage: Price.Usage | undefined) => Effect.Effect<void>
  }
>()("@holdfast/cost/Estimator") {}

/**
 * The same estimate with a prompt that cannot be exceeded, whatever tokenizer reads it.
 *
 * **When to use**
 *
 * Use where a budget must hold against prompts that were written to break it: a text of rare signs or of random letters
 * has more tokens than a count by script says.
 *
 * @since 0.1.0
 * @category combinators
 */
export const certain = (estimate: Estimate): Estimate => ({ ...estimate, input: estimate.inputAtMost })

/**
 * Counts by script. What it learns lives as long as it does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Estimator["Service"]> = Effect.sync(() => makeWith(byScript))

/**
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Estimator> = Layer.effect(Estimator, make)

/**
 * Counts with the application's `Tokenizer`, and by script where that fails.
 *
 * **Details**
 *
 * The tokenizer is taken to be OpenAI's; the factor of the model's family and the correction are applied all the same.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTokenizer: Layer.Layer<Estimator, never, Tokenizer.Tokenizer> = Layer.effect(
  Estimator,
  Effect.map(Tokenizer.Tokenizer, (tokenizer) =>
    makeWith((texts) =>
      Effect.reduce(
        texts.flatMap(textPieces),
        () => 0,
        (sum, piece) => Effect.map(tokenizer.tokenize(piece), (tokens) => sum + tokens.length),
      ).pipe(
        Effect.map((likely) => ({ ...totalOf(texts), likely })),
        Effect.catch(() => byScript(texts)),
      ),
    ),
  ),
)

/**
 * When a vendor is asked how many tokens a request has.
 *
 * @since 0.1.0
 * @category models
 */
export interface CountedOptions {
  /** From how many estimated tokens on. Requests with files whose tokens are a guess are asked for anyway. 100,000 if left out. */
  readonly from?: number | undefined
}

/**
 * Lets the vendor count requests that are huge or hold files whose tokens are a guess, and estimates all others.
 *
 * **When to use**
 *
 * Where a budget would refuse what is cheaper than its estimate, or let in what is dearer: films, sounds, long documents, uploaded files.
 * Each count is a request of its own, and is waited for as long as the `TokenCounter` says; after that the estimate holds.
 *
 * **Details**
 *
 * Counters count for their own model. The tokens are a total: what is text by the estimate is priced as text, and the rest as the
 * sounds and pictures that are there.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeCounted = (
  counters: ReadonlyArray<TokenCounter.Service>,
  options: CountedOptions = {},
): Effect.Effect<Estimator["Service"]> =>
  Effect.map(make, (estimator) => ({
    ...estimator,
    estimate: (request, target) =>
      Effect.flatMap(estimator.estimate(request, target), (estimated) => {
        const counter = counters.find((each) => isOf(each, target))
        if (counter === undefined || request.options.inputs !== undefined) return Effect.succeed(estimated)
        const tokens = estimated.input + estimated.audioInput + estimated.imageInput
        const isGuess = estimated.doubts.some((doubt) => guesses.has(doubt))
        if (!isGuess && tokens < (options.from ?? usualCount)) return Effect.succeed(estimated)
        return Effect.map(counter.count(request as ModelCall.ModelRequest<"chat">), (found) =>
          found._tag === "Counted" ? recounted(estimated, found.tokens) : estimated,
        )
      }),
  }))

/**
 * The same with the `TokenCounter` in context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCounted = (options?: CountedOptions): Layer.Layer<Estimator, never, TokenCounter.TokenCounter> =>
  Layer.effect(
    Estimator,
    Effect.flatMap(TokenCounter.TokenCounter, (counter) => makeCounted([counter], options)),
  )

const usualCount = 100_000

const guesses: ReadonlySet<Doubt> = new Set(["linkedFile", "document", "sound", "film"])

const isOf = ({ model, provider }: TokenCounter.Service, target: Target): boolean =>
  model === target.model && ProviderName.canonical(provider) === ProviderName.canonical(target.provider)

/** An estimate with the number of tokens that a vendor counted, which says nothing of kinds. */
const recounted = (estimated: Estimate, tokens: number): Estimate => {
  const media = estimated.audioInput + estimated.imageInput
  const input = media === 0 ? tokens : Math.min(tokens, estimated.input)
  const audioInput = media === 0 ? 0 : Math.ceil(((tokens - input) * estimated.audioInput) / media)
  return {
    ...estimated,
    input,
    audioInput,
    imageInput: tokens - input - audioInput,
    inputAtMost: input,
    // What was counted says nothing of how texts are estimated.
    isText: false,
    doubts: estimated.doubts.filter((doubt) => !guesses.has(doubt)),
  }
}

/**
 * A `Tokenizer` that counts as OpenAI does, by `gpt-tokenizer`, which has to be installed.
 *
 * **Details**
 *
 * Special tokens in a text, such as `<|endoftext|>`, are read as the letters that they are. A run of letters without end
 * is cut into pieces, as the work on it would grow with the square of its length.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerGptTokenizer: Layer.Layer<Tokenizer.Tokenizer, PackageMissing> = Layer.effect(
  Tokenizer.Tokenizer,
  Effect.map(gptTokenizer, ({ encode }) =>
    Tokenizer.make({
      tokenize: (prompt) =>
        Effect.try({
          try: () =>
            textsOf(prompt)
              .flatMap(textPieces)
              .flatMap((piece) => encode(piece, asLetters)),
          catch: (cause) =>
            AiError.make({
              module: "gpt-tokenizer",
              method: "tokenize",
              reason: new AiError.UnknownError({ description: String(cause) }),
            }),
        }),
    }),
  ),
)

/** Counts the tokens of texts, about as `o200k_base` does. */
type Count = (texts: ReadonlyArray<string>) => Effect.Effect<TextTokens>

interface Counted {
  readonly options: ModelCall.ModelRequest["options"]
  readonly contents: PromptContents
  readonly text: TextTokens
}

// Counted when it is asked for, so that who asks can go on at once.
const byScript: Count = (texts) => Exit.succeed(totalOf(texts))

const mapped = <A, B>(self: Effect.Effect<A> | Exit.Exit<A>, f: (value: A) => B): Effect.Effect<B> =>
  isSuccess(self) ? Exit.succeed(f(self.value)) : Effect.map(self, f)

const isSuccess = <A>(self: Effect.Effect<A> | Exit.Exit<A>): self is Exit.Success<A> =>
  Exit.isExit(self) && Exit.isSuccess(self)

/** Each model has a correction of its own; of more than these the oldest is forgotten. */
const maxModels = 1_000

const makeWith = (countTexts: Count): Estimator["Service"] => {
  const corrections = new Map<string, Correction>()
  // Retries, fallbacks and hedges ask for the same request again, mostly before another one comes.
  let last: Counted | undefined
  const countOnce = (options: ModelCall.ModelRequest["options"]): Effect.Effect<Counted> => {
    if (last?.options === options) return Exit.succeed(last)
    const contents = contentsOf(options)
    return mapped(countTexts(contents.texts), (text) => {
      last = { options, contents, text }
      return last
    })
  }
  const keyOf = ({ model, provider }: Pick<Target, "model" | "provider">) => `${provider}\n${model}`
  return {
    estimate: ({ options }, target) =>
      Effect.suspend(() =>
        mapped(countOnce(options), ({ contents, text }) => {
          const measured = measure(contents, target, text)
          const factor = bound(corrections.get(keyOf(target)) ?? initial)
          const input = Math.ceil(measured.input + measured.uncorrected * factor)
          return { ...measured, input: Math.min(input, measured.inputAtMost) }
        }),
      ),
    learn: (estimate, usage) =>
      Effect.sync(() => {
        const real = count(usage?.inputTokens, "total")
        if (real === undefined || !estimate.isText) return
        const key = keyOf(estimate)
        const next = learn(corrections.get(key) ?? initial, estimate.uncorrected, real)
        // Only who may have to forget one needs to know which was used last.
        if (corrections.size > maxModels / 2) corrections.delete(key)
        corrections.set(key, next)
        if (corrections.size <= maxModels) return
        const [oldest] = corrections.keys()
        if (oldest !== undefined) corrections.delete(oldest)
      }),
  }
}

const asLetters = { disallowedSpecial: new Set<string>() }

const textsOf = (prompt: Prompt.Prompt): ReadonlyArray<string> =>
  prompt.content.flatMap(({ content }) =>
    typeof content === "string" ? [content] : content.flatMap((part) => (part.type === "text" ? [part.text] : [])),
  )

const doubtsOf = (
  media: ReadonlyArray<{ readonly doubt?: Doubt | undefined }>,
  hasProviderTools: boolean,
  limit: number | undefined,
): ReadonlyArray<Doubt> => {
  if (media.length === 0 && !hasProviderTools && limit !== undefined) return none
  const doubts = new Set<Doubt>(media.flatMap(({ doubt }) => doubt ?? []))
  if (hasProviderTools) doubts.add("providerTools")
  if (limit === undefined) doubts.add("outputLimit")
  return [...doubts]
}

const none: ReadonlyArray<never> = []

/** The limit of a model whose real one is not known: that of a talkative model. */
const usualLimit = 128_000

/** Everything but the correction. `input` is only what is in files. */
const measure = (contents: PromptContents, target: Target, text: TextTokens): Estimate => {
  const { files, hasProviderTools } = contents
  const family = tokenFamilyOf(target)
  const overhead = overheadOf(contents, family)
  const media = files.map((file) => mediaTokens(file, family))
  const total = (key: "input" | "inputAtMost" | "audioInput" | "imageInput") => {
    let sum = 0
    for (const each of media) sum += each[key]
    return sum
  }
  const { answers = 1, answerTokens, units } = contents
  const ofModel = answerTokens ?? target.price?.maxOutputTokens ?? target.price?.contextWindow
  const limit = target.maxOutputTokens ?? (ofModel === undefined ? undefined : ofModel * answers)
  return {
    provider: target.provider,
    model: target.model,
    input: total("input"),
    // Of a sound whose length is known its bytes say nothing more.
    audioInput: units?.seconds === undefined ? total("audioInput") : Math.ceil(units.seconds * family.soundPerSecond),
    imageInput: total("imageInput"),
    output: contents.hasAnswer ? (limit ?? usualLimit * answers) : 0,
    ...(units !== undefined && { units }),
    inputAtMost: text.atMost + overhead + total("inputAtMost"),
    uncorrected: text.likely * family.textFactor + overhead,
    isText: files.length === 0 && !hasProviderTools,
    doubts: doubtsOf(media, hasProviderTools, limit),
  }
}
