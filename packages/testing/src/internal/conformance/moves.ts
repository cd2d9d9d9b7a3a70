/**
 * What becomes of a conversation that one provider began and another goes on with.
 */
import { assert } from "@effect/vitest"
import * as Fallback from "@holdfast/core/Fallback"
import * as PolicyError from "@holdfast/core/PolicyError"
import type * as ResilientModel from "@holdfast/core/ResilientModel"
import { Effect, Layer, Predicate, Redacted } from "effect"
import { LanguageModel, Prompt } from "effect/ai"

import * as Emulator from "../../Emulator.ts"
import * as Reply from "../../Reply.ts"
import { type ChatDialectName } from "../emulator/dialect.ts"
import { kit, type Opening, openings, partsOf } from "./openings.ts"
import { type Capabilities, open, secret, type Tested, textOf } from "./trial.ts"

/**
 * One that takes part: it begins conversations, and goes on with those of the others.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subject<R> extends Omit<Tested<R>, "metadata" | "overrides"> {
  readonly name: string
  /** The openings that it refuses before any request, such as `a system message in the middle`. */
  readonly refuses?: ReadonlyArray<string>
}

/** A subject whose needs are its own affair. */
export interface Participant {
  readonly name: string
  readonly use: <A>(f: <R>(subject: Subject<R>) => A) => A
}

/** What became of one conversation. */
export interface Outcome {
  readonly opening: string
  /** `moves`, or which option was refused. */
  readonly result: string
  /** Whether the reasoning of the first, or its signature, is in the request to the second. */
  readonly reasoning: boolean
}

const capable: Capabilities = { reasoning: true, images: true, imageUrls: true, forcedTools: true, jsonSchema: true }

/** Beginning costs requests, and each beginning is the same for all who go on. */
const memory = new WeakMap<Emulator.Emulator["Service"], Map<string, Prompt.Prompt>>()

const beginning = (from: Participant, opening: Opening) =>
  Effect.gen(function* () {
    const emulator = yield* Emulator.Emulator
    const known = memory.get(emulator) ?? new Map<string, Prompt.Prompt>()
    memory.set(emulator, known)
    const key = `${from.name} ${opening.name}`
    const found = known.get(key)
    if (found !== undefined) return found
    const begun = yield* from.use((subject) => Effect.flatMap(open(subject, capable), opening.begin))
    known.set(key, begun)
    return begun
  })

/** A stack with all that it needs. */
const connected = <E, R>(
  model: ResilientModel.ResilientModel<E, R>,
  clients: Layer.Layer<R>,
): Layer.Layer<ResilientModel.Provides> => Layer.provide(model, clients)

const clientOf = <R>({ client, dialect }: Subject<R>, emulator: Emulator.Emulator["Service"]): Layer.Layer<R> =>
  client({ baseUrl: emulator.baseUrl(dialect), apiKey: Redacted.make(secret) })

/** What reaches the provider, and what it answers to that: a short text unless said otherwise. */
interface Wire {
  readonly bodies: Array<string>
  readonly replies: Array<Reply.Reply>
}

const fine = Reply.text("fine")

const wireTo = (emulator: Emulator.Emulator["Service"], ...dialects: ReadonlyArray<ChatDialectName>) =>
  Effect.gen(function* () {
    const wire: Wire = { bodies: [], replies: [] }
    for (const dialect of new Set(dialects)) {
      yield* emulator.respond(dialect, ({ body }) => {
        wire.bodies.push(JSON.stringify(body))
        return wire.replies.shift() ?? fine
      })
    }
    return wire
  })

const refusedOption = (error: unknown): string | undefined => {
  const unfolded: unknown = PolicyError.unfold(error)
  return Predicate.isTagged(unfolded, "UnsupportedOption") && Predicate.hasProperty(unfolded, "option")
    ? String(unfolded.option)
    : undefined
}

/** How the emulator's own signatures begin. */
const signature = btoa("signature of")

/** Goes on with one beginning. */
const move = (wire: Wire, prompt: Prompt.Prompt, opening: Opening) =>
  Effect.gen(function* () {
    wire.bodies.length = 0
    const question = { prompt, toolkit: kit, disableToolCallResolution: true } as const
    const answer = yield* Effect.result(LanguageModel.generateText(question))
    const [body = "", ...others] = wire.bodies
    if (answer._tag === "Failure") {
      const option = refusedOption(answer.failure)
      if (option === undefined || body !== "") return yield* Effect.fail(answer.failure)
      return { opening: opening.name, result: option, reasoning: false }
    }
    const said = body.replaceAll("\\", "")
    assert.lengthOf(others, 0, opening.name)
    assert.strictEqual(answer.success.text, "fine", opening.name)
    for (const kept of opening.keeps) assert.include(said, kept, opening.name)
    for (const dropped of opening.drops ?? []) assert.notInclude(said, dropped, opening.name)
    return { opening: opening.name, result: "moves", reasoning: said.includes("hmm") || said.includes(signature) }
  })

/** Goes on with each beginning. */
const moves = (from: Participant, to: Participant): Effect.Effect<ReadonlyArray<Outcome>, unknown, Emulator.Emulator> =>
  to.use(<R>(subject: Subject<R>) =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const begun = yield* Effect.forEach(openings, (opening) => beginning(from, opening))
      const wire = yield* wireTo(emulator, subject.dialect)
      const goingOn = Effect.forEach(openings, (opening, at) =>
        Effect.mapError(move(wire, begun[at] ?? Prompt.empty, opening), (error) => new Refused(opening.name, error)),
      )
      return yield* Effect.provide(goingOn, connected(subject.model, clientOf(subject, emulator)))
    }),
  )

/** A conversation that the second did not take, and why. */
class Refused {
  readonly _tag = "Refused"
  readonly message: string
  constructor(opening: string, error: unknown) {
    this.message = `${opening}: ${String(error)}`
  }
}

/** That all that is begun goes on, but for what the second says that it refuses. */
export const allMove = (
  from: Participant,
  to: Participant,
): Effect.Effect<ReadonlyArray<Outcome>, unknown, Emulator.Emulator> =>
  Effect.tap(moves(from, to), (outcomes) =>
    Effect.sync(() => {
      const refused = outcomes.filter(({ result }) => result !== "moves").map(({ opening }) => opening)
      assert.deepStrictEqual(refused, [...to.use(({ refuses }) => refuses ?? [])])
    }),
  )

const callsWeather = Reply.answer({
  reasoning: "hmm, Norway",
  toolCalls: [{ name: "weather", params: { city: "Oslo" } }],
})
const callsPopulation = Reply.answer({ toolCalls: [{ name: "population", params: { city: "Oslo" } }] })

const turn = (prompt: Prompt.RawInput) =>
  Effect.map(
    partsOf(prompt),
    (parts) => [Prompt.concat(Prompt.make(prompt), Prompt.fromResponseParts([...parts])), textOf(parts)] as const,
  )

/**
 * A tool loop in which the first makes the call and fails at its result, the second takes over and makes another, and
 * the first comes back for the end.
 */
export const throughFallback = (from: Participant, to: Participant): Effect.Effect<void, unknown, Emulator.Emulator> =>
  from.use(<R1>(first: Subject<R1>) =>
    to.use(<R2>(second: Subject<R2>) =>
      Effect.gen(function* () {
        const emulator = yield* Emulator.Emulator
        const wire = yield* wireTo(emulator, first.dialect, second.dialect)
        const stack = first.model.pipe(Fallback.to(second.model))
        const clients = Layer.merge(clientOf(first, emulator), clientOf(second, emulator))
        const loop = Effect.gen(function* () {
          wire.replies.push(callsWeather, Reply.overloaded(), callsPopulation, Reply.text("It snows on many."))
          const [begun] = yield* turn("How is Oslo?")
          const [moved] = yield* turn(begun)
          return yield* turn(moved)
        })
        const [, text] = yield* Effect.provide(loop, connected(stack, clients))
        assert.strictEqual(text, "It snows on many.")
        assert.lengthOf(wire.bodies, 4)
        for (const kept of ["How is Oslo?", "snow in Oslo", "many in Oslo"]) assert.include(wire.bodies[3], kept)
      }),
    ),
  )
