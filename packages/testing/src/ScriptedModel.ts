/**
 * A model that says what a test tells it to say, without any socket.
 *
 * It is a `ResilientModel` like those of the providers: policies can be piped onto it, `Effect.provide` works, its
 * attempts are metered and its answers go through the commit point. All waiting is done by the `Clock`, so a `TestClock`
 * drives it.
 *
 * **When to use**
 *
 * To test a program that talks to a model, and policies. To test what is sent over the wire, there is `Emulator`.
 *
 * **Example** (A retry, without a second passing)
 *
 * ```ts
 * import { Retry } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const model = ScriptedModel.model(ScriptedModel.overloaded(), ScriptedModel.text("hello")).pipe(
 *   Retry.schedule(Retry.standard),
 * )
 * const program = Effect.map(LanguageModel.generateText({ prompt: "hi" }), ({ text }) => text)
 *
 * await Effect.runPromise(Effect.provide(program, model)) // => "hello"
 * ```
 *
 * @since 0.1.0
 */
import { type Part } from "@holdfast/core/ModelCall"
import { type ProviderFault } from "@holdfast/core/provider/ProviderError"
import { type ProviderFailure, type ProviderModel } from "@holdfast/core/provider/ProviderModel"
import * as ResilientModel from "@holdfast/core/ResilientModel"
import { Duration, Effect, Pipeable, Predicate, Queue, type Stream } from "effect"
import { type AiError, LanguageModel, type Response } from "effect/ai"

import { type Answer, type Content, type Cut, type Ending, TypeId } from "./internal/scripted/answer.ts"
import { type Told } from "./internal/scripted/parts.ts"
import {
  type Entry,
  providerModel,
  type Responder,
  type ScriptedRequest,
  snapshot,
  type State,
} from "./internal/scripted/provider.ts"

export type { Answer, Content, Cut, Ending } from "./internal/scripted/answer.ts"
export type { Responder, ScriptedRequest } from "./internal/scripted/provider.ts"

/**
 * A running script: the model to provide, and what it saw.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScriptedModel {
  /** Every copy of it, however often it is built, takes its answers from the same queue. */
  readonly model: ResilientModel.ResilientModel<ResilientModel.CallFailure>
  /** What `model` is made of, for `ResilientModel.fromProvider` with names and settings of a test's own. */
  readonly provider: ProviderModel
  /** Queues answers, one per request, first in first out. */
  readonly script: (...answers: ReadonlyArray<Answer>) => Effect.Effect<void>
  /** Answers the requests that find the queue empty. */
  readonly respond: (answer: Responder) => Effect.Effect<void>
  /** All requests since the start or the last reset, in order of arrival. */
  readonly requests: Effect.Effect<ReadonlyArray<ScriptedRequest>>
  /** Waits for the next request, or gives the oldest one that nobody has taken yet. */
  readonly nextRequest: Effect.Effect<ScriptedRequest>
  /** Answers that no request has taken yet. */
  readonly remaining: Effect.Effect<number>
  /** Forgets answers, responder and requests. */
  readonly reset: Effect.Effect<void>
}

/**
 * Who the scripted model claims to be.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** `"scripted"` if left out. */
  readonly provider?: string
  /** `"scripted-model"` if left out. */
  readonly model?: string
  /** How a vendor would want schemas. As `effect/ai` writes them if left out. */
  readonly codecTransformer?: LanguageModel.CodecTransformer
}

/**
 * What a model answers, for both modes alike.
 *
 * **Details**
 *
 * It is what `Reply.Answer` is for the emulator. In `stream` mode `text` and `reasoning` come word by word, or in the
 * given pieces if they are arrays. `finish` defaults to `"tool-calls"` with tool calls, to `"content-filter"` with a
 * refusal and to `"stop"` otherwise. `usage` is estimated if left out, and `null` reports none. `metadata` is that of
 * the `finish` part.
 *
 * @since 0.1.0
 * @category models
 */
export type Description = Told

/**
 * When the parts of an answer come, and with which headers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timing {
  /** Until the first part with content. */
  readonly delay?: Duration.Input
  /** Between one part with content and the next. A whole answer takes as long as it would take to stream it. */
  readonly between?: Duration.Input
  /** Headers of the HTTP response that it pretends to be, in lower case, for the record of the attempt. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Changes how an answer comes.
 *
 * @since 0.1.0
 * @category models
 */
export type Modifier = (answer: Answer) => Answer

const Proto = { [TypeId]: TypeId, ...Pipeable.Prototype }

const change = (answer: Answer, fields: Partial<Answer>): Answer =>
  Object.assign(Object.create(Proto), { ...answer, ...fields })

const answering = (content: Content, { between = 0, delay = 0, headers = {} }: Timing = {}): Answer =>
  Object.assign(Object.create(Proto), {
    content,
    delay: Duration.fromInputUnsafe(delay),
    between: Duration.fromInputUnsafe(between),
    holds: [],
    cut: undefined,
    headers,
  } satisfies Omit<Answer, typeof TypeId | "pipe">)

/**
 * Whether a value is an answer of a scripted model.
 *
 * @since 0.1.0
 * @category guards
 */
export const isAnswer = (value: unknown): value is Answer => Predicate.hasProperty(value, TypeId)

/**
 * An answer with reasoning, tool calls, citations, files or a refusal.
 *
 * **Example** (A tool call)
 *
 * ```ts
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const answer = ScriptedModel.answer({
 *   reasoning: "The user wants the weather.",
 *   toolCalls: [{ name: "weather", params: { city: "Oslo" } }],
 * })
 *
 * ScriptedModel.isAnswer(answer) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const answer = ({ between, delay, headers, ...told }: Description & Timing): Answer =>
  answering({ _tag: "Told", told }, timing(delay, between, headers))

const timing = (delay: Timing["delay"], between: Timing["between"], headers: Timing["headers"]): Timing => ({
  ...(delay === undefined ? {} : { delay }),
  ...(between === undefined ? {} : { between }),
  ...(headers === undefined ? {} : { headers }),
})

/**
 * A text answer.
 *
 * **Example** (A slow one with its token counts)
 *
 * ```ts
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const slow = ScriptedModel.text(["first ", "second"], {
 *   delay: "5 seconds",
 *   between: "1 second",
 *   usage: { input: 12, cacheRead: 8, output: 3 },
 * })
 *
 * ScriptedModel.isAnswer(slow) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const text = (value: string | ReadonlyArray<string>, options: Omit<Description, "text"> & Timing = {}): Answer =>
  answer({ ...options, text: value })

/**
 * A structured answer: the JSON of a value in its encoded form, as a model writes it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const object = (encoded: unknown, options: Omit<Description, "text"> & Timing = {}): Answer =>
  text([JSON.stringify(encoded)], options)

/**
 * An answer of encoded parts as they are, right or wrong. They are sent in both modes alike.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parts = (values: ReadonlyArray<Part<"chat">>, options: Timing = {}): Answer =>
  answering({ _tag: "Parts", parts: values }, options)

/**
 * An answer whose parts come as a stream of the test's own gives them: in which chunks, when, and how it ends.
 *
 * **When to use**
 *
 * Use where the other constructors are too orderly: parts in one chunk or each by itself, a pause at any place, a stream that
 * fails, dies or falls silent. `opening` is what happens before the headers of the answer come; it may fail, too.
 *
 * **Details**
 *
 * In `generate` mode the stream is read to its end and its deltas are joined. The stream says itself when and how it breaks, so
 * `failAfter` and its like do not apply.
 *
 * **Example** (A pause between two words)
 *
 * ```ts
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect, Stream } from "effect"
 *
 * const answer = ScriptedModel.stream(
 *   Stream.make({ type: "text-delta" as const, id: "1", delta: "one " }).pipe(
 *     Stream.concat(Stream.fromEffect(Effect.as(Effect.sleep("5 seconds"), { type: "text-delta" as const, id: "1", delta: "two" }))),
 *   ),
 * )
 *
 * ScriptedModel.isAnswer(answer) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const stream = (
  content: Stream.Stream<Response.StreamPartEncoded, AiError.AiError>,
  options: {
    readonly opening?: Effect.Effect<unknown, ProviderFailure>
    readonly headers?: Timing["headers"]
  } = {},
): Answer =>
  answering(
    { _tag: "Stream", parts: content, opening: options.opening ?? Effect.void },
    timing(undefined, undefined, options.headers),
  )

/**
 * A failure in place of an answer.
 *
 * **Details**
 *
 * Either an error as it is, or what a provider would know of it (`{ status: 503, message: "busy" }`), from which the
 * error is made as the providers make it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fail = (failure: ProviderFailure | ProviderFault, options: Timing = {}): Answer =>
  answering({ _tag: "Failure", failure }, options)

/**
 * What a provider answers to too many requests (429).
 *
 * @since 0.1.0
 * @category constructors
 */
export const rateLimited = (options: { readonly retryAfter?: Duration.Input } & Timing = {}): Answer =>
  refusal({ status: 429, type: "rate_limit_error", message: "Too many requests" }, options)

/**
 * What a provider answers when it has no capacity (529).
 *
 * @since 0.1.0
 * @category constructors
 */
export const overloaded = (options: { readonly retryAfter?: Duration.Input } & Timing = {}): Answer =>
  refusal({ status: 529, type: "overloaded_error", message: "Overloaded" }, options)

const refusal = (
  fault: ProviderFault,
  { retryAfter, ...options }: { readonly retryAfter?: Duration.Input } & Timing,
): Answer =>
  fail(retryAfter === undefined ? fault : { ...fault, retryAfter: Duration.fromInputUnsafe(retryAfter) }, options)

/**
 * No answer: the request is taken and nothing ever comes back.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hang: Answer = answering({ _tag: "Hang" })

const refuseStream = ({ content }: Answer): void => {
  if (content._tag === "Stream")
    throw new Error(
      "ScriptedModel: failAfter, truncateAfter, hangAfter and holdAfter do not apply to ScriptedModel.stream",
    )
}

const cutAfter =
  (count: number, ending: Ending): Modifier =>
  (self) => {
    refuseStream(self)
    const cut: Cut = { parts: count, ending }
    return change(self, { cut })
  }

/**
 * Breaks an answer with a failure after so many parts with content, or at its end if it has fewer.
 *
 * **Details**
 *
 * With 0 the call fails before its commit point, although the provider had begun to answer. A generated answer fails as
 * a whole.
 *
 * @since 0.1.0
 * @category breaks
 */
export const failAfter = (count: number, failure: AiError.AiError | ProviderFault): Modifier =>
  cutAfter(count, { _tag: "Fail", failure })

/**
 * Breaks an answer with an `error` part in the stream, after so many parts with content.
 *
 * @since 0.1.0
 * @category breaks
 */
export const errorPartAfter = (count: number, error: unknown): Modifier => cutAfter(count, { _tag: "ErrorPart", error })

/**
 * Ends an answer without its `finish`, after so many parts with content. A generated answer only loses its `finish`.
 *
 * @since 0.1.0
 * @category breaks
 */
export const truncateAfter = (count: number): Modifier => cutAfter(count, { _tag: "Truncate" })

/**
 * Falls silent for ever after so many parts with content.
 *
 * @since 0.1.0
 * @category breaks
 */
export const hangAfter = (count: number): Modifier => cutAfter(count, { _tag: "Hang" })

/**
 * Waits for an effect after so many parts with content, so that a test decides when the rest comes.
 *
 * @since 0.1.0
 * @category delays
 */
export const holdAfter =
  (count: number, until: Effect.Effect<unknown>): Modifier =>
  (self) => {
    refuseStream(self)
    return change(self, { holds: [...self.holds, { parts: count, until }] })
  }

const stateOf = (options: Options, answers: ReadonlyArray<Answer>): Effect.Effect<State> =>
  Effect.map(Queue.unbounded<Entry>(), (arrived) => ({
    provider: options.provider ?? "scripted",
    model: options.model ?? "scripted-model",
    codecTransformer: options.codecTransformer ?? LanguageModel.defaultCodecTransformer,
    answers: [...answers],
    entries: [],
    arrived,
    respond: undefined,
    count: 0,
  }))

const modelOf = (state: Effect.Effect<State>, names: Options) =>
  ResilientModel.fromProvider(Effect.map(state, providerModel), {
    name: "ScriptedModel",
    settings: { provider: names.provider ?? "scripted", model: names.model ?? "scripted-model" },
  })

/**
 * Makes a scripted model.
 *
 * **Gotchas**
 *
 * A request that finds neither an answer nor a responder dies: it is a mistake in the test, and no retry or fallback
 * may hide it.
 *
 * **Example** (What the model saw)
 *
 * ```ts
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const program = Effect.gen(function* () {
 *   const scripted = yield* ScriptedModel.make({ provider: "acme", model: "acme-1" })
 *   yield* scripted.script(ScriptedModel.text("hello"))
 *   yield* Effect.provide(LanguageModel.generateText({ prompt: "hi" }), scripted.model)
 *   return (yield* scripted.requests).map(({ mode, outcome }) => `${mode} ${outcome}`)
 * })
 *
 * await Effect.runPromise(program) // => ["generate completed"]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<ScriptedModel> =>
  Effect.map(stateOf(options, []), (state) => ({
    model: modelOf(Effect.succeed(state), options),
    provider: providerModel(state),
    script: (...answers) => Effect.sync(() => void state.answers.push(...answers)),
    respond: (respond) =>
      Effect.sync(() => {
        state.respond = respond
      }),
    requests: Effect.sync(() => state.entries.map(snapshot)),
    nextRequest: Effect.map(Queue.take(state.arrived), snapshot),
    remaining: Effect.sync(() => state.answers.length),
    reset: Effect.andThen(
      Effect.sync(() => {
        state.answers.length = 0
        state.entries.length = 0
        state.respond = undefined
      }),
      Queue.clear(state.arrived),
    ),
  }))

/**
 * A model that gives these answers in turn, for tests that need not see the requests.
 *
 * **Gotchas**
 *
 * Each time it is built it begins with the first answer again. The models of `make` take theirs from one queue.
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (...answers: ReadonlyArray<Answer>): ResilientModel.ResilientModel<ResilientModel.CallFailure> =>
  modelOf(stateOf({}, answers), {})

/**
 * A model with a name of your choice that gives these answers in turn.
 *
 * **When to use**
 *
 * Use it where the name counts: a budget takes the price of that model, and a fallback says which model stood in.
 *
 * **Example** (The price of a real model)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { Budget, Ledger, Money, Report } from "@holdfast/cost"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const model = ScriptedModel.named(
 *   { provider: "openai", model: "gpt-6-luna" },
 *   ScriptedModel.text("hello", { usage: { input: 1_000, output: 1_000 } }),
 * ).pipe(Budget.enforce({ name: "team-a", daily: "1 USD" }))
 *
 * const cost = LanguageModel.generateText({ prompt: "hi" }).pipe(
 *   ResilientModel.provide(model),
 *   Effect.andThen(Report.make()),
 *   Effect.map(({ total }) => Money.format(total.cost)),
 *   Effect.provide(Ledger.layerMemory()),
 * )
 *
 * await Effect.runPromise(cost) // => "$0.0006"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const named = (
  names: Pick<Options, "provider" | "model">,
  ...answers: ReadonlyArray<Answer>
): ResilientModel.ResilientModel<ResilientModel.CallFailure> => modelOf(stateOf(names, answers), names)
