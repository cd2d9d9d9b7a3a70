/**
 * Scripts for `ScriptedModel`, step by step, and short ways to ask and to look at what came of it.
 */
import * as ScriptedModel from "@holdfast/testing/ScriptedModel"
import { Cause, Duration, Effect, Exit, Fiber, Stream } from "effect"
import { type AiError, LanguageModel, type Response } from "effect/ai"
import { TestClock } from "effect/testing"

import type * as Attempt from "../src/Attempt.ts"
import * as Event from "../src/Event.ts"
import type * as ModelCall from "../src/ModelCall.ts"
import * as ModelRequest from "../src/ModelRequest.ts"
import * as ProviderError from "../src/provider/ProviderError.ts"
import type * as ProviderModel from "../src/provider/ProviderModel.ts"
import * as ResilientModel from "../src/ResilientModel.ts"

type StreamPart = Response.StreamPartEncoded
export type Mode = ModelCall.ModelRequest["mode"]

/** One thing that a provider does while it answers. */
export type Step =
  | { readonly _tag: "Chunk"; readonly parts: ReadonlyArray<StreamPart> }
  | { readonly _tag: "Wait"; readonly duration: Duration.Duration }
  | { readonly _tag: "Fail"; readonly error: AiError.AiError }
  | { readonly _tag: "Die" }
  | { readonly _tag: "Hang" }

/** What a provider does in one attempt. Without a failure to open, it plays the steps and ends. */
export interface Script {
  readonly opening?: ReadonlyArray<Step>
  readonly refuses?: ProviderModel.ProviderFailure
  readonly headers?: Readonly<Record<string, string>>
  readonly steps: ReadonlyArray<Step>
}

export const chunk = (...parts: ReadonlyArray<StreamPart>): Step => ({ _tag: "Chunk", parts })
export const wait = (duration: Duration.Input): Step => ({
  _tag: "Wait",
  duration: Duration.fromInputUnsafe(duration),
})
export const fails = (error: AiError.AiError): Step => ({ _tag: "Fail", error })
export const hangs: Step = { _tag: "Hang" }

export const delta = (text: string): StreamPart => ({ type: "text-delta", id: "t", delta: text })
export const start: StreamPart = { type: "text-start", id: "t" }
export const end: StreamPart = { type: "text-end", id: "t" }
export const metadata: StreamPart = { type: "response-metadata", id: "r", modelId: "answering-model" }
export const usage = { inputTokens: { total: 7 }, outputTokens: { total: 3 } }
export const finish = (reason: Response.FinishPartEncoded["reason"] = "stop"): Response.FinishPartEncoded => ({
  type: "finish",
  reason,
  usage,
  metadata: { acme: { tier: "default" } },
})

/** An answer in pieces, one chunk each. */
export const answer = (...texts: ReadonlyArray<string>): Script => ({
  steps: [metadata, start, ...texts.map(delta), end, finish()].map((part) => chunk(part)),
})
export const refused = (error: ProviderModel.ProviderFailure): Script => ({ refuses: error, steps: [] })
export const script = (...steps: ReadonlyArray<Step>): Script => ({ steps })
export const silent: Script = { opening: [hangs], steps: [] }

/** Where the errors of tests happen. */
export const origin: ProviderError.Origin = {
  module: "AcmeClient",
  method: "test",
  provider: "acme",
  url: "https://acme.example/v1",
  scrub: (text) => text.replaceAll("sk-secret", "<redacted>"),
}

const fault = (message: string, fields: Omit<ProviderError.ProviderFault, "message">) =>
  ProviderError.fromFault(origin, { message, ...fields })

/** Errors as the providers make them. */
export const errors = {
  transient: fault("went wrong", { status: 500 }),
  throttled: (retryAfter?: Duration.Input) =>
    fault("slow down", {
      status: 429,
      ...(retryAfter !== undefined && { retryAfter: Duration.fromInputUnsafe(retryAfter) }),
    }),
  overloaded: fault("too much to do", { status: 529 }),
  badRequest: fault("no such field", { status: 400 }),
  badKey: fault("who are you", { status: 401 }),
  quota: fault("pay first", { status: 429, code: "insufficient_quota" }),
  contentPolicy: fault("not that", { status: 400, code: "content_policy_violation" }),
  contextWindow: fault("prompt is too long", { status: 400 }),
  undecodable: ProviderError.undecodable(origin, "not JSON"),
  broken: ProviderError.fromTransport(origin, new Error("socket hang up")),
}

/** A running script, as it stands at any moment. */
export interface Scripted {
  readonly model: ResilientModel.ResilientModel<ResilientModel.CallFailure>
  readonly requests: ReadonlyArray<ScriptedModel.ScriptedRequest>
  /** Attempts that hold resources now. */
  readonly held: number
  readonly provider: ProviderModel.ProviderModel
  /** Goes on with this script. */
  readonly skipTo: (index: number) => void
  /** Forgets the requests, and begins with the first script. */
  readonly restart: () => void
}

/** A model that plays one script per attempt, and the last one for ever. */
export const scripted = (
  scripts: ReadonlyArray<Script>,
  options?: {
    readonly name?: string
    readonly codecTransformer?: LanguageModel.CodecTransformer
  },
): Scripted => {
  const name = options?.name ?? "acme"
  let next = 0
  const { provider, requests, reset, respond } = Effect.runSync(
    ScriptedModel.make({
      provider: name,
      model: `${name}-1`,
      codecTransformer: options?.codecTransformer ?? LanguageModel.defaultCodecTransformer,
    }),
  )
  const playScripts = respond(() => played(scripts[Math.min(next++, scripts.length - 1)] ?? script()))
  Effect.runSync(playScripts)
  return {
    model: ResilientModel.fromProvider(Effect.succeed(provider), { name: provider.model, settings: {} }),
    provider,
    skipTo: (index) => {
      next = index
    },
    restart: () => {
      next = 0
      Effect.runSync(Effect.andThen(reset, playScripts))
    },
    get requests() {
      return Effect.runSync(requests)
    },
    get held() {
      return Effect.runSync(requests).filter(({ isClosed }) => !isClosed).length
    },
  }
}

const played = ({ headers = {}, opening = [], refuses, steps }: Script): ScriptedModel.Answer =>
  ScriptedModel.stream(play(steps), {
    headers,
    opening: Effect.andThen(
      Stream.runDrain(play(opening)),
      Effect.suspend(() => (refuses === undefined ? Effect.void : Effect.fail(refuses))),
    ),
  })

const play = (steps: ReadonlyArray<Step>): Stream.Stream<StreamPart, AiError.AiError> => {
  let position = 0
  type Pulled = Effect.Effect<readonly [StreamPart, ...Array<StreamPart>], AiError.AiError | Cause.Done>
  const pull: Pulled = Effect.suspend((): Pulled => {
    const step = steps[position++]
    if (step === undefined) return Cause.done()
    switch (step._tag) {
      case "Chunk":
        return Effect.succeed(step.parts as readonly [StreamPart, ...Array<StreamPart>])
      case "Wait":
        return Effect.andThen(Effect.sleep(step.duration), pull)
      case "Fail":
        return Effect.fail(step.error)
      case "Die":
        return Effect.die(new Error("a bug"))
      default:
        return Effect.never
    }
  })
  return Stream.fromPull(Effect.succeed(pull))
}

export const textOf = (parts: ReadonlyArray<{ readonly type: string }>): string =>
  parts
    .map((part) => ("delta" in part ? String(part.delta) : "text" in part && part.type === "text" ? part.text : ""))
    .join("")

/** A request as `effect/ai` hands it down, each under a span of its own. */
export const request = (mode: Mode, fields?: Partial<LanguageModel.ProviderOptions>): ModelCall.ModelRequest<"chat"> =>
  ModelRequest.make(mode, { prompt: "hi", ...fields })

export interface Outcome<E> {
  readonly text: string
  readonly parts: ReadonlyArray<ModelCall.Part<"chat">>
  readonly exit: Exit.Exit<void, E>
}

/** Makes one call, and keeps what was delivered also when it failed afterwards. */
export const call = <E>(
  model: ResilientModel.ResilientModel<E>,
  mode: Mode,
  fields?: Partial<LanguageModel.ProviderOptions>,
): Effect.Effect<Outcome<E>> =>
  Effect.scoped(Effect.flatMap(ResilientModel.callOf(model), (built) => deliver(built, request(mode, fields))))

export const deliver = <E>(
  built: ModelCall.ModelCall<E, "chat">,
  asked: ModelCall.ModelRequest<"chat">,
): Effect.Effect<Outcome<E>> =>
  Effect.suspend(() => {
    const parts: Array<ModelCall.Part<"chat">> = []
    return Effect.scoped(
      Effect.flatMap(built.open(asked), (answered) =>
        Stream.runForEachArray(answered, (some) => Effect.sync(() => parts.push(...some))),
      ),
    ).pipe(
      Effect.exit,
      Effect.map((exit) => ({ text: textOf(parts), parts, exit })),
    )
  })

/** The error with which an effect or a call failed. */
export const errorOf = <E>(exit: Exit.Exit<unknown, E>): E => {
  const found = Exit.isFailure(exit) ? exit.cause.reasons.find((reason) => reason._tag === "Fail") : undefined
  if (found === undefined) throw new Error(`not a failure: ${String(exit)}`)
  return found.error
}

/** Runs with time passing by itself. */
export const timePasses = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(self)
    yield* TestClock.adjust("1 day")
    return yield* Fiber.join(fiber)
  })

const now = TestClock.testClockWith((clock) => clock.currentTimeMillis)

/** How long an effect takes by the test's clock. */
export const timed = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.flatMap(now, (began) =>
    Effect.flatMap(self, (result) => Effect.map(now, (over) => [result, over - began] as const)),
  )

/** The events that happen inside, in order. */
export const observed = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const events: Array<Event.Event> = []
    return Effect.map(
      Event.listen(self, (event) => void events.push(event)),
      (result) => [result, events] as const,
    )
  })

export const ended = (events: ReadonlyArray<Event.Event>): ReadonlyArray<Attempt.Attempt> =>
  events.filter((event) => event._tag === "AttemptEnded")

export const outcomes = (events: ReadonlyArray<Event.Event>) => ended(events).map(({ outcome }) => outcome._tag)
