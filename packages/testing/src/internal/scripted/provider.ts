import { isContent, type Part } from "@holdfast/core/ModelCall"
import { isPolicyError } from "@holdfast/core/PolicyError"
import * as ProviderError from "@holdfast/core/provider/ProviderError"
import {
  type ProviderFailure,
  type ProviderModel,
  type ProviderReply,
  type ProviderRequest,
} from "@holdfast/core/provider/ProviderModel"
import { Cause, Clock, Effect, type JsonSchema, Match, type Pull, Queue, Stream } from "effect"
import { AiError, type LanguageModel, type Response } from "effect/ai"

import { type Answer, course, type Course, type Ending } from "./answer.ts"
import { joined, streamParts, type Told, type Voice, wholeParts } from "./parts.ts"

/**
 * A request as the scripted model received it, and what became of it so far.
 *
 * **Details**
 *
 * Times are epoch milliseconds of the `Clock`, so they are those of the `TestClock` in a test.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScriptedRequest {
  /** Counts the requests from 1, in order of arrival. */
  readonly index: number
  readonly mode: "generate" | "stream"
  readonly prompt: LanguageModel.ProviderOptions["prompt"]
  readonly tools: LanguageModel.ProviderOptions["tools"]
  readonly toolChoice: LanguageModel.ProviderOptions["toolChoice"]
  readonly responseFormat: LanguageModel.ProviderOptions["responseFormat"]
  /** Everything that `effect/ai` prepared. */
  readonly options: LanguageModel.ProviderOptions
  /** Settings of this request by their neutral names. */
  readonly settings: ProviderRequest["settings"]
  /** The schema of a structured answer, as it would be sent. */
  readonly jsonSchema: JsonSchema.JsonSchema | undefined
  readonly startedAt: number
  readonly endedAt: number | undefined
  /**
   * `interrupted` if the caller gave up or stopped reading before the end. An answer that was cut off without its
   * `finish` is `completed` here: it was all delivered.
   */
  readonly outcome: "open" | "completed" | "failed" | "interrupted"
  /** Parts with content that were handed over. */
  readonly deliveredParts: number
  /** Whether the attempt has given back all that it held. An answer that was read to its end may still be held. */
  readonly isClosed: boolean
}

/** A request whose fate is still being written. */
export type Entry = { -readonly [Key in keyof ScriptedRequest]: ScriptedRequest[Key] }

/** Answers a request when the script is empty. */
export type Responder = (request: ScriptedRequest) => Answer | Effect.Effect<Answer>

/** All that a scripted model remembers between requests. */
export interface State {
  readonly provider: string
  readonly model: string
  readonly codecTransformer: LanguageModel.CodecTransformer
  readonly answers: Array<Answer>
  readonly entries: Array<Entry>
  readonly arrived: Queue.Queue<Entry>
  respond: Responder | undefined
  /** Counts on when the record is cleared. */
  count: number
}

/** The entry as it is now, safe from later changes. */
export const snapshot = (entry: Entry): ScriptedRequest => ({ ...entry })

const record = (state: State, mode: ScriptedRequest["mode"], { jsonSchema, options, settings }: ProviderRequest) =>
  Effect.map(Clock.currentTimeMillis, (startedAt): Entry => {
    state.count++
    const { prompt, responseFormat, toolChoice, tools } = options
    const seen = { mode, prompt, tools, toolChoice, responseFormat, options, settings, jsonSchema, startedAt }
    const fate = { endedAt: undefined, outcome: "open", deliveredParts: 0, isClosed: false } as const
    const entry: Entry = { ...seen, ...fate, index: state.count }
    state.entries.push(entry)
    Queue.offerUnsafe(state.arrived, entry)
    return entry
  })

// Its own ends are written down as they happen; whatever else closes the scope is the caller's doing.
const close = (entry: Entry): Effect.Effect<void> =>
  Effect.map(settle(entry, "interrupted"), () => {
    entry.isClosed = true
  })

const settle = (entry: Entry, outcome: ScriptedRequest["outcome"]): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    if (entry.outcome !== "open") return
    entry.outcome = outcome
    entry.endedAt = now
  })

const settleBy = (entry: Entry, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  settle(entry, Cause.hasInterrupts(cause) ? "interrupted" : "failed")

const noAnswer = (state: State, { index }: Entry): Error =>
  new Error(
    `The scripted model "${state.model}" has no answer left for its request ${index}. Queue one with script(...), or answer all others with respond(...).`,
  )

const nextAnswer = (state: State, entry: Entry): Effect.Effect<Answer> =>
  Effect.suspend(() => {
    const scripted = state.answers.shift()
    if (scripted !== undefined) return Effect.succeed(scripted)
    // A defect, because a retry or a fallback would take a failure for one of the model's own and hide the mistake.
    if (state.respond === undefined) return Effect.die(noAnswer(state, entry))
    const answer = state.respond(snapshot(entry))
    return Effect.isEffect(answer) ? answer : Effect.succeed(answer)
  })

const errorOf = <E extends ProviderFailure>(
  state: State,
  failure: E | ProviderError.ProviderFault,
  defaults: Partial<ProviderError.ProviderFault>,
): E | AiError.AiError => {
  if (AiError.isAiError(failure) || isPolicyError(failure)) return failure as E
  const origin = { module: "ScriptedModel", method: "call", provider: state.provider, url: "", scrub: String }
  return ProviderError.fromFault(origin, { ...defaults, ...(failure as ProviderError.ProviderFault) })
}

const partsOf = <P extends Part>(
  answer: Answer,
  { tell, voice }: { readonly voice: Voice; readonly tell: (told: Told, voice: Voice) => ReadonlyArray<P> },
): ReadonlyArray<P> =>
  answer.content._tag === "Told"
    ? tell(answer.content.told, voice)
    : answer.content._tag === "Parts"
      ? // Raw parts are what the test wants to see sent, right or wrong.
        (answer.content.parts as ReadonlyArray<P>)
      : []

const voiceOf = (state: State, { index, options }: Entry): Voice => ({
  provider: state.provider,
  model: state.model,
  index,
  characters: JSON.stringify(options.prompt).length,
})

const begin = (state: State, answer: Answer): Effect.Effect<void, ProviderFailure> => {
  const { content } = answer
  if (content._tag === "Hang") return Effect.never
  if (content._tag === "Stream") return Effect.asVoid(content.opening)
  if (content._tag !== "Failure") return Effect.void
  return Effect.andThen(
    Effect.sleep(answer.delay),
    Effect.suspend(() => Effect.fail(errorOf(state, content.failure, {}))),
  )
}

/** The answer to give, once its headers would have come. */
const opened = (state: State, entry: Entry): Effect.Effect<Answer, ProviderFailure> =>
  Effect.tap(nextAnswer(state, entry), (answer) => begin(state, answer)).pipe(
    Effect.onError((cause) => settleBy(entry, cause)),
  )

const headersOf = (answer: Answer, { index }: Entry): Record<string, string> => ({
  "x-request-id": `request-${index}`,
  ...answer.headers,
})

const wait = (effect: Effect.Effect<unknown> | undefined): Effect.Effect<unknown> => effect ?? Effect.void

/** The end of an answer, where it does not simply stop. */
const broken = (state: State, ending: Ending): Effect.Effect<Response.ErrorPartEncoded | undefined, AiError.AiError> =>
  Match.valueTags(ending, {
    Hang: () => Effect.never,
    Fail: ({ failure }) =>
      Effect.suspend(() => Effect.fail(errorOf<AiError.AiError>(state, failure, { inStream: true }))),
    ErrorPart: ({ error }) => Effect.succeed({ type: "error" as const, error }),
    Truncate: () => Effect.succeed(undefined),
  })

/** The parts of a stream of the test's own, and what became of it. */
const live = (
  entry: Entry,
  parts: Stream.Stream<Response.StreamPartEncoded, AiError.AiError>,
): Stream.Stream<Response.StreamPartEncoded, AiError.AiError> =>
  parts.pipe(
    Stream.mapArray((some) => {
      entry.deliveredParts += some.filter(isContent).length
      return some
    }),
    Stream.onEnd(settle(entry, "completed")),
    Stream.onError((cause) => settleBy(entry, cause)),
  )

/** A whole answer takes as long as it would take to stream it. */
const whole = (state: State, entry: Entry, answer: Answer) =>
  Effect.gen(function* () {
    if (answer.content._tag === "Stream") return joined(yield* Stream.runCollect(answer.content.parts))
    const voice = voiceOf(state, entry)
    const { ending, lastWait, steps } = course(answer, partsOf(answer, { voice, tell: streamParts }))
    for (const step of steps) yield* wait(step.wait)
    yield* wait(lastWait)
    const parts = partsOf(answer, { voice, tell: wholeParts })
    if (ending === undefined) return [...parts]
    const last = yield* broken(state, ending)
    const unfinished: Array<Part> = parts.filter((part) => part.type !== "finish")
    // An error part has no place in a whole answer, and is sent all the same.
    return (last === undefined ? unfinished : [...unfinished, last]) as Array<Response.PartEncoded>
  })

type Pulled = Pull.Pull<readonly [Response.StreamPartEncoded], AiError.AiError>

/** The last pull of an answer: it stops, or breaks. */
const breakOff = (state: State, entry: Entry, { ending, lastWait }: Course<Response.StreamPartEncoded>): Pulled =>
  wait(lastWait).pipe(
    Effect.andThen(ending === undefined ? Effect.succeed(undefined) : broken(state, ending)),
    Effect.tapError(() => settle(entry, "failed")),
    Effect.flatMap((part): Pulled =>
      part === undefined
        ? Effect.andThen(settle(entry, "completed"), Cause.done())
        : Effect.as(settle(entry, "failed"), [part] as const),
    ),
  )

/** One part per pull, so that each is seen as it comes. */
const pulls = (state: State, entry: Entry, way: Course<Response.StreamPartEncoded>): Pulled => {
  const { ending, steps } = way
  let position = 0
  return Effect.suspend((): Pulled => {
    const step = steps[position]
    position++
    if (step === undefined) return position > steps.length + 1 ? Cause.done() : breakOff(state, entry, way)
    return Effect.flatMap(wait(step.wait), () => {
      if (isContent(step.part)) entry.deliveredParts++
      const isLast = ending === undefined && step === steps.at(-1)
      return Effect.as(isLast ? settle(entry, "completed") : Effect.void, [step.part] as const)
    })
  })
}

const streamed = (
  state: State,
  entry: Entry,
  answer: Answer,
): Stream.Stream<Response.StreamPartEncoded, AiError.AiError> => {
  if (answer.content._tag === "Stream") return live(entry, answer.content.parts)
  return Stream.fromPull(
    Effect.sync(() => {
      const parts = partsOf(answer, { voice: voiceOf(state, entry), tell: streamParts })
      return pulls(state, entry, course(answer, parts))
    }),
  )
}

const generate = (state: State, request: ProviderRequest) =>
  Effect.flatMap(Effect.acquireRelease(record(state, "generate", request), close), (entry) =>
    Effect.gen(function* () {
      const answer = yield* opened(state, entry)
      const parts = yield* whole(state, entry, answer)
      entry.deliveredParts = parts.filter(isContent).length
      yield* settle(entry, "completed")
      const reply: ProviderReply<Array<Response.PartEncoded>> = { headers: headersOf(answer, entry), parts }
      return reply
    }).pipe(Effect.onError((cause) => settleBy(entry, cause))),
  )

const stream = (state: State, request: ProviderRequest) =>
  Effect.gen(function* () {
    const entry = yield* Effect.acquireRelease(record(state, "stream", request), close)
    const answer = yield* opened(state, entry)
    return { headers: headersOf(answer, entry), parts: streamed(state, entry, answer) }
  })

/** The provider that says what the script says. */
export const providerModel = (state: State): ProviderModel => ({
  provider: state.provider,
  model: state.model,
  codecTransformer: state.codecTransformer,
  generate: (request) => generate(state, request),
  stream: (request) => stream(state, request),
})
