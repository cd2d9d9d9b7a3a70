/**
 * Faults at random, and the same ones again for the same seed: `inject` as a policy on any model, `seeded` on the wire of
 * the emulator.
 *
 * **Where in a stack**: `inject` innermost, in place of a bad day of the provider, so that everything else has to cope.
 *
 * @since 0.1.0
 */
import { type ModelCall, type ModelRequest } from "@holdfast/core/ModelCall"
import { type ProviderFault } from "@holdfast/core/provider/ProviderError"
import { RequestContext } from "@holdfast/core/RequestContext"
import * as ResilientModel from "@holdfast/core/ResilientModel"
import { Config, Duration, Effect } from "effect"
import { AiError } from "effect/ai"

import * as Fault from "./Fault.ts"
import * as ChaosFaults from "./internal/chaos/fault.ts"
import { mistakeIn } from "./internal/chaos/rate.ts"
import { generator, hash } from "./internal/seeded.ts"
import * as Reply from "./Reply.ts"

export type { ChaosFailure, ChaosFault } from "./internal/chaos/fault.ts"

/**
 * Which share of the emulator's answers is hit, and by what.
 *
 * @since 0.1.0
 * @category models
 */
export interface Chaos {
  readonly seed: number
  readonly rate: number
  readonly faults: ReadonlyArray<(reply: Reply.Reply) => Reply.Reply>
}

/**
 * The faults of `seeded` unless others are given: what providers do most often when they have a bad day.
 *
 * @since 0.1.0
 * @category models
 */
export const defaultFaults: Chaos["faults"] = [
  () => Reply.rateLimited({ retryAfter: "1 second" }),
  () => Reply.overloaded(),
  () => Reply.status(500),
  () => Reply.html(502),
  () => Reply.reset,
  Fault.resetAfter(3),
  Fault.endAfter(3),
  Fault.errorAfter(3, "overloaded"),
  Fault.emptyBody,
  Fault.delayFirstByte("2 seconds"),
]

/**
 * Which calls of a model are hit, and by what.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The same seed brings the same faults. */
  readonly seed: number
  /** The share of the calls that is hit, from 0 to 1. */
  readonly rate: number
  /** One of them is taken, each with the same chance. `badDay` if left out. */
  readonly faults?: ReadonlyArray<ChaosFaults.ChaosFault> | undefined
  /** Spares the calls for which it is `false`: those of a tenant, of a priority, of a length. */
  readonly when?: ((request: ModelRequest, context: RequestContext) => boolean) | undefined
  /** It is built where `NODE_ENV` is `production`, too. */
  readonly allowInProduction?: boolean | undefined
}

/**
 * An error in place of an answer. The model is not asked.
 *
 * **Details**
 *
 * Either an error as it is, or what a provider would know of it (`{ status: 503, message: "busy" }`).
 *
 * @since 0.1.0
 * @category faults
 */
export const failure = (error: AiError.AiError | ProviderFault): ChaosFaults.ChaosFault => ({
  _tag: "Failure",
  error: ChaosFaults.failing(error),
})

/**
 * Too many requests (429), perhaps with when to come back.
 *
 * @since 0.1.0
 * @category faults
 */
export const throttled = (options: { readonly retryAfter?: Duration.Input } = {}): ChaosFaults.ChaosFault =>
  failure(hinted({ status: 429, type: "rate_limit_error", message: "Too many requests" }, options.retryAfter))

/**
 * No capacity (529), perhaps with when to come back.
 *
 * @since 0.1.0
 * @category faults
 */
export const overloaded = (options: { readonly retryAfter?: Duration.Input } = {}): ChaosFaults.ChaosFault =>
  failure(hinted({ status: 529, type: "overloaded_error", message: "Overloaded" }, options.retryAfter))

const hinted = (fault: ProviderFault, retryAfter: Duration.Input | undefined): ProviderFault =>
  retryAfter === undefined ? fault : { ...fault, retryAfter: Duration.fromInputUnsafe(retryAfter) }

/**
 * Something went wrong over there (500).
 *
 * @since 0.1.0
 * @category faults
 */
export const serverError: ChaosFaults.ChaosFault = failure({ status: 500, message: "Internal error" })

/**
 * The connection breaks before anything came.
 *
 * @since 0.1.0
 * @category faults
 */
export const disconnected: ChaosFaults.ChaosFault = { _tag: "Failure", error: ChaosFaults.disconnected }

/**
 * An answer that does not fit what was asked for. It is paid, and not asked for again unless a policy is told to.
 *
 * @since 0.1.0
 * @category faults
 */
export const undecodable: ChaosFaults.ChaosFault = { _tag: "Break", parts: 0, error: ChaosFaults.undecodable }

/**
 * The first part comes later by a duration.
 *
 * @since 0.1.0
 * @category faults
 */
export const late = (duration: Duration.Input): ChaosFaults.ChaosFault => ({
  _tag: "Late",
  duration: Duration.fromInputUnsafe(duration),
})

/**
 * Nothing ever comes. Only a deadline or the caller ends it.
 *
 * @since 0.1.0
 * @category faults
 */
export const silence: ChaosFaults.ChaosFault = { _tag: "Silence" }

const breaking = (parts: number, error: (typeof ChaosFaults)["disconnected"] | undefined): ChaosFaults.ChaosFault => ({
  _tag: "Break",
  parts,
  error,
})

/**
 * The stream stops after so many parts with content, without its end.
 *
 * **Details**
 *
 * With 0, and for a generated answer, the model has answered, the call fails as a whole and may be repeated. An answer with
 * fewer parts breaks just before its end. So it is with the other faults that break an answer.
 *
 * @since 0.1.0
 * @category faults
 */
export const cutAfter = (parts: number): ChaosFaults.ChaosFault => breaking(parts, ChaosFaults.truncated)

/**
 * The connection breaks after so many parts with content.
 *
 * @since 0.1.0
 * @category faults
 */
export const disconnectAfter = (parts: number): ChaosFaults.ChaosFault => breaking(parts, ChaosFaults.disconnected)

/**
 * An error event in the stream, after so many parts with content.
 *
 * @since 0.1.0
 * @category faults
 */
export const errorAfter = (parts: number, error: AiError.AiError | ProviderFault): ChaosFaults.ChaosFault =>
  breaking(parts, ChaosFaults.failing(AiError.isAiError(error) ? error : { ...error, inStream: true }))

/**
 * A part that cannot be read, after so many parts with content.
 *
 * @since 0.1.0
 * @category faults
 */
export const malformedAfter = (parts: number): ChaosFaults.ChaosFault => breaking(parts, ChaosFaults.malformed)

/**
 * The stream falls silent for ever after so many parts with content.
 *
 * @since 0.1.0
 * @category faults
 */
export const silenceAfter = (parts: number): ChaosFaults.ChaosFault => breaking(parts, undefined)

/**
 * The faults of `inject` unless others are given: what providers do most often when they have a bad day.
 *
 * @since 0.1.0
 * @category faults
 */
export const badDay: ReadonlyArray<ChaosFaults.ChaosFault> = [
  throttled({ retryAfter: "1 second" }),
  overloaded(),
  serverError,
  disconnected,
  late("2 seconds"),
  silence,
  cutAfter(0),
  cutAfter(3),
  errorAfter(3, { type: "overloaded_error", message: "Overloaded" }),
  malformedAfter(3),
  silenceAfter(3),
]

/**
 * Lets a share of the calls of a model meet a fault.
 *
 * **When to use**
 *
 * Use in tests, on a staging system, and in a drill, to see that a stack holds. Without a share of silence the deadlines are
 * never tried.
 *
 * **Details**
 *
 * The n-th call of a model meets the same fault for the same seed, whatever runs beside it; a call that `when` spares counts,
 * too. Faults before the answer do not ask the model, so they cost nothing; those that break an answer do.
 *
 * **Gotchas**
 *
 * Where `NODE_ENV` is `production` (read through `Config`), building it is a defect, unless `allowInProduction` is `true`.
 *
 * **Example** (A stack that has to cope)
 *
 * ```ts
 * import { Deadline, Retry } from "@holdfast/core"
 * import { Chaos, ScriptedModel } from "@holdfast/testing"
 * import { Effect } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const model = ScriptedModel.model(ScriptedModel.text("hello")).pipe(
 *   Chaos.inject({ seed: 8, rate: 0.5, faults: [Chaos.overloaded({ retryAfter: "10 millis" }), Chaos.disconnected] }),
 *   Deadline.firstPart("30 seconds"),
 *   Retry.schedule(Retry.standard),
 * )
 *
 * const text = Effect.map(LanguageModel.generateText({ prompt: "hi" }), (answer) => answer.text)
 *
 * await Effect.runPromise(Effect.provide(text, model)) // => "hello"
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const inject = (options: Options) => {
  const { allowInProduction = false, faults = badDay, rate, seed, when } = options
  return ResilientModel.policy<ChaosFaults.ChaosFailure>(
    { name: "Chaos.inject", place: "fault", settings: { seed, rate, faults: faults.length } },
    Effect.fnUntraced(function* <E>(call: ModelCall<E>) {
      const mistake = mistakeIn(options)
      if (mistake !== undefined) return yield* Effect.die(new Error(`Chaos.inject: ${mistake}`))
      if (!allowInProduction) yield* notInProduction
      const opens = faults.map((fault) => ChaosFaults.struck(call, fault))
      let calls = 0
      return {
        ...call,
        open: (request: ModelRequest) =>
          Effect.withFiber((fiber) => {
            const struck = drawn(options, opens, `${call.provider}/${call.model}`, calls++)
            const spared = struck === undefined || when?.(request, fiber.getRef(RequestContext)) === false
            return spared ? call.open(request) : struck(request)
          }),
      } satisfies ModelCall<E | ChaosFaults.ChaosFailure>
    }),
  )
}

const notInProduction = Effect.flatMap(Effect.orDie(Config.withDefault(Config.String("NODE_ENV"), "")), (environment) =>
  environment === "production"
    ? Effect.die(
        new Error(
          "Chaos.inject: NODE_ENV is production. Take it out of this stack, or say allowInProduction: true if this is a drill",
        ),
      )
    : Effect.void,
)

/** What the n-th of a sequence meets, counting from 0. */
const drawn = <F>(
  { rate, seed }: { readonly seed: number; readonly rate: number },
  faults: ReadonlyArray<F>,
  sequence: string,
  index: number,
): F | undefined => {
  const random = generator(hash(`${seed}/${sequence}/${index}`))
  return random() < rate ? faults[Math.floor(random() * faults.length)] : undefined
}

/**
 * Chaos from a seed: the n-th unscripted answer of a dialect meets the same fault in every run.
 *
 * **Details**
 *
 * `rate` is the share of answers that are hit, from 0 to 1; with any other the emulator does not start. A fault is a modifier of the answer, or a function that
 * replaces it.
 *
 * **Example** (A fifth of all answers fails)
 *
 * ```ts
 * import { Chaos, Emulator, Fault, Reply } from "@holdfast/testing"
 *
 * const chaos = Chaos.seeded(7, { rate: 0.2, faults: [() => Reply.overloaded(), Fault.resetAfter(2)] })
 * const layer = Emulator.layer({ chaos })
 *
 * chaos.rate // => 0.2
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const seeded = (seed: number, options: { readonly rate: number; readonly faults?: Chaos["faults"] }): Chaos => ({
  seed,
  rate: options.rate,
  faults: options.faults ?? defaultFaults,
})

/**
 * The answer that the n-th request of a stream of requests gets, counting from 0.
 *
 * @since 0.1.0
 * @category combinators
 */
export const apply = (
  chaos: Chaos,
  options: { readonly reply: Reply.Reply; readonly stream: string; readonly index: number },
): Reply.Reply => {
  const fault = drawn(chaos, chaos.faults, options.stream, options.index)
  return fault === undefined ? options.reply : fault(options.reply)
}
