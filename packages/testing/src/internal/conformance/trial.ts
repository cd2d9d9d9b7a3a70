import type * as Attempt from "@holdfast/core/Attempt"
import * as Event from "@holdfast/core/Event"
import * as Failure from "@holdfast/core/Failure"
import * as PolicyError from "@holdfast/core/PolicyError"
import type * as ResilientModel from "@holdfast/core/ResilientModel"
import { Effect, Layer, Redacted, type Result, type Scope, Stream } from "effect"
import { LanguageModel, type Prompt, type Response } from "effect/ai"

import * as Emulator from "../../Emulator.ts"
import { type Reply } from "../../Reply.ts"
import { type ChatDialectName } from "../emulator/dialect.ts"

/** Which of the two ways of answering is used. */
export type Mode = "generate" | "stream"

/**
 * What a provider is given to reach the emulator.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /** What the vendor's SDK takes as its base URL. */
  readonly baseUrl: string
  readonly apiKey: Redacted.Redacted
}

/**
 * What a model can do, as far as models differ.
 *
 * @since 0.1.0
 * @category models
 */
export interface Capabilities {
  readonly reasoning: boolean
  /** Images by their bytes. */
  readonly images: boolean
  /** Images by their URL. */
  readonly imageUrls: boolean
  /** Whether the model can be made to call a tool. One that cannot refuses to try. */
  readonly forcedTools: boolean
  /** Whether the schema of a structured answer is sent apart from the prompt. */
  readonly jsonSchema: boolean
}

/**
 * Settings that are laid over those of a model for one request, and what is sent then.
 *
 * @since 0.1.0
 * @category models
 */
export interface Overrides {
  /** Lays settings over the model's. Where both of the two change a setting, the inner one wins. */
  readonly inner: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly outer: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** What the body of a request holds without them. */
  readonly without: Readonly<Record<string, unknown>>
  /** What the body of a request holds with both. */
  readonly with: Readonly<Record<string, unknown>>
}

/** The provider under test. */
export interface Tested<R> {
  /** The API that the provider speaks. */
  readonly dialect: ChatDialectName
  readonly model: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>
  readonly client: (connection: Connection) => Layer.Layer<R>
  /** What the `finish` part of every whole answer has in its metadata, by the provider's key, besides the usage. */
  readonly metadata?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined
  /** How the settings of a model are overridden; without it that is not tested. */
  readonly overrides?: Overrides | undefined
}

/** The key of all requests. It must appear nowhere. */
export const secret = "sk-conformance-0123456789abcdef"

export type AnyPart = Response.AnyPart

/** A program that needs nothing but a model. */
type Program<A, E> = Effect.Effect<A, E, ResilientModel.Provides>

/** What is piped onto the model. */
export type Policy = <R>(
  model: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>,
) => ResilientModel.ResilientModel<unknown, R>

/** One emulator, and a model that talks to it. */
export interface Trial extends Pick<Tested<never>, "dialect" | "metadata" | "overrides"> {
  readonly capabilities: Capabilities
  readonly emulator: Emulator.Emulator["Service"]
  readonly script: (...replies: ReadonlyArray<Reply>) => Effect.Effect<void>
  /** Runs a program with the model, and the policies' errors as they are. */
  readonly run: <A, E>(program: Program<A, E>, policy?: Policy) => Effect.Effect<A, unknown>
  /** All parts of an answer. */
  readonly ask: (
    mode: Mode,
    options?: { readonly prompt?: Prompt.RawInput; readonly policy?: Policy },
  ) => Effect.Effect<ReadonlyArray<AnyPart>, unknown>
  /** The same with a model that looks for its provider elsewhere. */
  readonly at: (baseUrl: string) => Trial
  /** Bodies of the requests so far. */
  readonly bodies: Effect.Effect<ReadonlyArray<unknown>>
}

/** The parts of an answer to a prompt, decoded. */
export const answerTo = (mode: Mode, prompt: Prompt.RawInput) =>
  mode === "generate"
    ? Effect.map(LanguageModel.generateText({ prompt }), ({ content }): ReadonlyArray<AnyPart> => content)
    : Stream.runCollect(LanguageModel.streamText({ prompt }))

/** Connects a provider with an emulator. */
export const open = <R>(
  subject: Tested<R>,
  capabilities: Capabilities,
): Effect.Effect<Trial, never, Emulator.Emulator> =>
  Effect.map(Emulator.Emulator, (emulator) => {
    const at = (baseUrl: string): Trial => {
      const client = subject.client({ baseUrl, apiKey: Redacted.make(secret) })
      const run: Trial["run"] = (effect, policy) => {
        const stack = policy === undefined ? subject.model : policy(subject.model)
        return Effect.mapError(Effect.provide(effect, Layer.provide(stack, client)), PolicyError.unfold)
      }
      return {
        dialect: subject.dialect,
        metadata: subject.metadata,
        overrides: subject.overrides,
        capabilities,
        emulator,
        script: (...replies) => emulator.script(subject.dialect, ...replies),
        run,
        ask: (mode, { policy, prompt = "hi" } = {}) => run(answerTo(mode, prompt), policy),
        at,
        bodies: Effect.map(emulator.requests, (requests) => requests.map(({ body }) => body)),
      }
    }
    return at(emulator.baseUrl(subject.dialect))
  })

/** So many answers of one model, one after the other. To make a model for each of them would take longer than all the rest. */
export const inTurn = (
  trial: Trial,
  mode: Mode,
  count: number,
): Effect.Effect<ReadonlyArray<Result.Result<ReadonlyArray<AnyPart>, unknown>>, unknown> => {
  const one = Effect.result(Effect.mapError(answerTo(mode, "hi"), PolicyError.unfold))
  return trial.run(Effect.forEach(Array.from({ length: count }), () => one))
}

/** One thing that every provider must do. */
export interface Check {
  readonly name: string
  readonly run: (trial: Trial) => Effect.Effect<void, unknown, Scope.Scope>
}

/** A check. */
export const check = (name: string, run: Check["run"]): Check => ({ name, run })

/** A check that is made for whole answers and for streams. */
export const inBothModes = (
  name: string,
  run: (trial: Trial, mode: Mode) => Effect.Effect<void, unknown, Scope.Scope>,
): ReadonlyArray<Check> =>
  (["generate", "stream"] as const).map((mode) => check(`${name} (${mode})`, (trial) => run(trial, mode)))

/** The text of an answer of either mode. */
export const textOf = (parts: ReadonlyArray<AnyPart>): string =>
  parts.map((part) => (part.type === "text" ? part.text : part.type === "text-delta" ? part.delta : "")).join("")

/** The `finish` part of an answer. */
export const finishOf = (parts: ReadonlyArray<AnyPart>): Response.FinishPart | undefined =>
  parts.find((part) => part.type === "finish")

/** What an error means: its tag, or that of an `AiError`'s reason, and its kind. */
export type Meaning = readonly [tag: string, kind: Failure.Kind]

/** Reads what an error means. */
export const meaningOf = (error: unknown): Meaning => [Failure.tagOf(error), Failure.classify(error).kind]

/** What the failure of an effect means. */
export const failing = <A, R>(self: Effect.Effect<A, unknown, R>): Effect.Effect<Meaning, A, R> =>
  Effect.map(Effect.flip(self), meaningOf)

/** Runs an effect and keeps the events of its attempts. */
export const watched = <A, E, R>(self: Effect.Effect<A, E, R>, events: Array<Event.Event>): Effect.Effect<A, E, R> =>
  Event.listen(self, (event) => {
    events.push(event)
  })

/** The attempts among events. */
export const attemptsIn = (events: ReadonlyArray<Event.Event>): ReadonlyArray<Attempt.Attempt> =>
  events.flatMap((event) => (event._tag === "AttemptEnded" ? [event] : []))

/** Frames of a streamed text answer up to its first piece of text. */
export const framesToText = (dialect: ChatDialectName): number =>
  ({ "openai-responses": 5, "openai-chat": 2, anthropic: 4, google: 1 })[dialect]

/** A usage that tells all kinds of tokens apart. */
export const usage = { input: 30, cacheRead: 20, cacheWrite: 4, output: 9, reasoning: 5 }

/** How that usage is counted. Gemini writes to its caches by other requests, and says nothing of it here. */
export const counted = (dialect: ChatDialectName) => ({
  inputTokens:
    dialect === "google"
      ? { total: 30, uncached: 10, cacheRead: 20 }
      : { total: 30, uncached: 6, cacheRead: 20, cacheWrite: 4 },
  outputTokens: { total: 9, text: 4, reasoning: 5 },
})

/** A value without what is undefined. */
export const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
