import { assert } from "@effect/vitest"
import * as Failure from "@holdfast/core/Failure"
import * as ImageModel from "@holdfast/core/ImageModel"
import { type MediaUsage } from "@holdfast/core/MediaUsage"
import * as ModerationModel from "@holdfast/core/ModerationModel"
import { type MediaKind as AnyKind } from "@holdfast/core/provider/ProviderMediaModel"
import * as Resilient from "@holdfast/core/Resilient"
import * as Retry from "@holdfast/core/Retry"
import * as SpeechModel from "@holdfast/core/SpeechModel"
import * as TranscriptionModel from "@holdfast/core/TranscriptionModel"
import { Effect, Fiber, type Layer, Schedule } from "effect"
import { AiError } from "effect/ai"

import type * as Emulator from "../../Emulator.ts"
import * as Fault from "../../Fault.ts"
import { type Dialect } from "../../RecordedRequest.ts"
import * as Reply from "../../Reply.ts"

/**
 * The operations that have a small service of their own.
 *
 * @since 0.1.0
 * @category models
 */
export type MediaKind = Exclude<AnyKind, "decisions">

/**
 * A model and how it is reached.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subject<K extends MediaKind, R> {
  readonly name: string
  readonly kind: K
  readonly dialect: Dialect
  readonly model: Resilient.Resilient<K, unknown, R>
  /** The client of the model, at the address of the emulator. */
  readonly layer: (baseUrl: string) => Layer.Layer<R>
  /** What the vendor reports, and what must come back of it. */
  readonly usage: { readonly reported: MediaUsage; readonly counted: MediaUsage }
  /** What is counted where the vendor reports nothing. */
  readonly uncounted: MediaUsage
  /** Whether the bytes of an answer come in base64. */
  readonly base64?: boolean | undefined
}

/** One thing that every such model must do. */
export interface Check {
  readonly name: string
  readonly run: <K extends MediaKind, R>(
    subject: Subject<K, R>,
    emulator: Emulator.Emulator["Service"],
  ) => Effect.Effect<void, unknown, R>
  /** Whether it is of models whose answers are in base64. */
  readonly base64?: boolean
}

interface Told {
  readonly usage: MediaUsage
  readonly source: { readonly provider: string; readonly model: string; readonly startedAt: number }
}

/** What is asked in an operation, what is answered, and what of the answer must come back. */
interface Exchange {
  readonly ask: <R>(model: Resilient.Resilient<never, unknown, R>) => Effect.Effect<Told, unknown, R>
  readonly reply: Reply.MediaAnswer
  readonly content: (answer: Told) => unknown
  readonly expected: unknown
  /** An answer without content, and one with content that is none. */
  readonly empty: ReadonlyArray<Reply.MediaAnswer>
  readonly broken: Reply.MediaAnswer
}

const given = <A, K extends MediaKind, R>(
  asked: Effect.Effect<A, unknown, unknown>,
  model: Resilient.Resilient<K, unknown, R>,
) => asked.pipe(Resilient.provide(model)) as unknown as Effect.Effect<A & Told, unknown, R>

const bytes = Uint8Array.of(0xff, 0xfb, 0x90, 0x00, 0x80)
const base64 = Buffer.from(bytes).toString("base64")

const fields =
  (...names: ReadonlyArray<string>) =>
  (answer: object) =>
    Object.fromEntries(Object.entries(answer).filter(([name]) => names.includes(name)))

const exchanges: Readonly<Record<MediaKind, Exchange>> = {
  moderation: {
    ask: (model) => given(ModerationModel.moderate({ inputs: ["a text", "another"] }), model),
    reply: { scores: { violence: 0.9, hate: 0.25 } },
    content: fields("flagged", "categories", "scores"),
    expected: {
      flagged: true,
      categories: { violence: true, hate: false },
      scores: { violence: 0.9, hate: 0.25 },
    },
    empty: [],
    broken: {},
  },
  images: {
    ask: (model) => given(ImageModel.generate({ prompt: "A ship at sea" }), model),
    reply: { images: [base64] },
    content: fields("images"),
    expected: { images: [{ mediaType: "image/png", data: bytes }] },
    empty: [{ images: [] }, { images: [""] }],
    broken: { images: ["no base64!"] },
  },
  speech: {
    ask: (model) => given(SpeechModel.speak({ text: "Ships float." }), model),
    reply: { audio: [base64, base64] },
    content: fields("data"),
    expected: { data: Uint8Array.from([...bytes, ...bytes]) },
    empty: [{ audio: [] }],
    broken: { audio: "no base64!" },
  },
  transcription: {
    ask: (model) =>
      given(TranscriptionModel.transcribe({ audio: { mediaType: "audio/wav", data: bytes }, language: "en" }), model),
    reply: { transcript: "Ships float." },
    content: fields("text"),
    expected: { text: "Ships float." },
    empty: [],
    broken: {},
  },
}

const ask = <K extends MediaKind, R>({ kind, model }: Pick<Subject<K, R>, "kind" | "model">) =>
  exchanges[kind].ask(model as unknown as Resilient.Resilient<never, unknown, R>)

const reasonOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(self), (error) =>
    AiError.isAiError(error) ? [error.reason._tag, Failure.classify(error).kind] : [String(error)],
  )

const json = (body: string) => Reply.raw({ status: 200, headers: { "content-type": "application/json" }, body })

const answers: ReadonlyArray<Check> = [
  {
    name: "gives what it was asked for, and the usage as it is counted",
    run: (subject, { script }) =>
      Effect.gen(function* () {
        const { content, expected, reply } = exchanges[subject.kind]
        yield* script(subject.dialect, Reply.media({ ...reply, usage: subject.usage.reported }))
        const answer = yield* ask(subject)
        assert.deepStrictEqual(content(answer), expected)
        assert.deepStrictEqual(known(answer.usage), known(subject.usage.counted))
      }),
  },
  {
    name: "says who answered, and when it was asked",
    run: (subject, { script }) =>
      Effect.gen(function* () {
        yield* script(subject.dialect, Reply.media(exchanges[subject.kind].reply))
        const { source } = yield* ask(subject)
        assert.isTrue(source.provider !== "" && source.model !== "" && source.startedAt > 0)
      }),
  },
  {
    name: "has an unknown usage where none is said",
    run: (subject, { script }) =>
      Effect.gen(function* () {
        yield* script(subject.dialect, Reply.media({ ...exchanges[subject.kind].reply, usage: null }))
        assert.deepStrictEqual(known((yield* ask(subject)).usage), known(subject.uncounted))
      }),
  },
]

/** Without what is unknown, in whichever way it is left out. */
const known = (usage: MediaUsage): unknown => JSON.parse(JSON.stringify(usage, (_, value: unknown) => emptied(value)))

const emptied = (value: unknown): unknown =>
  typeof value === "object" && value !== null && Object.values(value).every((each) => each === undefined)
    ? undefined
    : value

const isOneOf =
  (...tags: ReadonlyArray<string>) =>
  (reason: ReadonlyArray<string>) =>
    tags.includes(reason[0] ?? "")

const failures: ReadonlyArray<Check> = [
  {
    name: "fails by an answer without content",
    run: (subject, { script }) =>
      Effect.gen(function* () {
        for (const empty of exchanges[subject.kind].empty) {
          yield* script(subject.dialect, Reply.media(empty))
          const reason = yield* reasonOf(ask(subject))
          assert.isTrue(isOneOf("InvalidOutputError", "InvalidResponseError")(reason), reason[0])
        }
      }),
  },
  {
    name: "fails by bytes that are no base64, and is not asked again",
    base64: true,
    run: (subject, { requests, script }) =>
      Effect.gen(function* () {
        yield* script(subject.dialect, Reply.media(exchanges[subject.kind].broken))
        const model = subject.model.pipe(Retry.schedule(Schedule.recurs(2)))
        assert.deepStrictEqual(yield* reasonOf(ask({ ...subject, model })), ["InvalidOutputError", "undecodable"])
        assert.lengthOf(yield* requests, 1)
      }),
  },
  {
    name: "fails by an answer that is none",
    run: (subject, { script }) =>
      Effect.gen(function* () {
        for (const reply of [Reply.html(200), json("{}"), json('{"data":null}'), json("[]")]) {
          yield* script(subject.dialect, reply)
          assert.strictEqual((yield* reasonOf(ask(subject)))[0], "InvalidResponseError")
        }
      }),
  },
  {
    name: "is asked again where it was overloaded, throttled or cut",
    run: (subject, { requests, script }) =>
      Effect.gen(function* () {
        const { content, expected, reply } = exchanges[subject.kind]
        const whole = Reply.media(reply)
        const cut = whole.pipe(Fault.closeAfter(0))
        yield* script(subject.dialect, Reply.overloaded(), Reply.rateLimited(), Reply.reset, cut, whole)
        const model = subject.model.pipe(Retry.schedule(Schedule.recurs(4)))
        assert.deepStrictEqual(content(yield* ask({ ...subject, model })), expected)
        assert.lengthOf(yield* requests, 5)
      }),
  },
  {
    name: "says what is wrong with a request",
    run: (subject, { script }) =>
      Effect.gen(function* () {
        yield* script(subject.dialect, Reply.status(400), Reply.status(401))
        assert.deepStrictEqual(yield* reasonOf(ask(subject)), ["InvalidRequestError", "fatal"])
        assert.deepStrictEqual(yield* reasonOf(ask(subject)), ["AuthenticationError", "fatal"])
      }),
  },
  {
    name: "closes the connection when it is given up",
    run: (subject, { nextAborted, nextRequest, script }) =>
      Effect.gen(function* () {
        yield* script(subject.dialect, Reply.stall)
        const fiber = yield* Effect.forkChild(ask(subject))
        yield* nextRequest
        yield* Fiber.interrupt(fiber)
        assert.isTrue((yield* nextAborted).aborted)
      }),
  },
]

export const checks: ReadonlyArray<Check> = [...answers, ...failures]
