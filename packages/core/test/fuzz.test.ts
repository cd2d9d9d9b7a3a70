import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"

import type * as Attempt from "../src/Attempt.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Fallback from "../src/Fallback.ts"
import type * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import { budget } from "./budget.ts"
import {
  call,
  chunk,
  delta,
  end,
  ended,
  errors,
  fails,
  finish,
  hangs,
  metadata,
  type Mode,
  observed,
  refused,
  type Script,
  scripted,
  start,
  type Step,
  timed,
  wait,
} from "./scripted.ts"

/** What a provider does in one attempt, before its text is made unique. */
interface Behaviour {
  readonly delay: number
  readonly pieces: ReadonlyArray<number>
  readonly pauses: ReadonlyArray<number>
  readonly chunked: boolean
  readonly preamble: boolean
  readonly ending: "finish" | "stop" | "fail" | "error" | "hang"
  readonly error: keyof typeof faults | undefined
  readonly refuses: boolean
  readonly silent: boolean
}

const faults = {
  transient: errors.transient,
  overloaded: errors.overloaded,
  broken: errors.broken,
  throttled: errors.throttled(),
  soon: errors.throttled("1500 millis"),
  late: errors.throttled("2 minutes"),
  badKey: errors.badKey,
  quota: errors.quota,
  contentPolicy: errors.contentPolicy,
  undecodable: errors.undecodable,
}

const often = <A>(weight: number, value: A) => ({ weight, arbitrary: fc.constant(value) })
const seconds = fc.oneof(often(3, 0), { weight: 2, arbitrary: fc.integer({ min: 1, max: 8_000 }) })

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  delay: seconds,
  pieces: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 4 }),
  pauses: fc.array(seconds, { minLength: 4, maxLength: 4 }),
  chunked: fc.boolean(),
  preamble: fc.boolean(),
  ending: fc.oneof(
    often<Behaviour["ending"]>(5, "finish"),
    often<Behaviour["ending"]>(1, "stop"),
    often<Behaviour["ending"]>(2, "fail"),
    often<Behaviour["ending"]>(1, "error"),
    often<Behaviour["ending"]>(1, "hang"),
  ),
  error: fc.constantFrom(...(Object.keys(faults) as ReadonlyArray<keyof typeof faults>)),
  refuses: fc.oneof(often(2, true), often(3, false)),
  silent: fc.oneof(often(1, true), often(9, false)),
})

interface Scenario {
  readonly models: ReadonlyArray<ReadonlyArray<Behaviour>>
  readonly mode: Mode
  readonly total: number
  readonly seed: number
}

const attemptsPerModel = 3

const scenario: fc.Arbitrary<Scenario> = fc.record({
  models: fc.array(fc.array(behaviour, { minLength: attemptsPerModel, maxLength: attemptsPerModel }), {
    minLength: 1,
    maxLength: 3,
  }),
  mode: fc.constantFrom<Mode>("stream", "stream", "generate"),
  total: fc.constantFrom(7_000, 30_000, 600_000),
  seed: fc.integer(),
})

const endings = (ending: Behaviour["ending"], error: keyof typeof faults): ReadonlyArray<Step> =>
  ({
    finish: [chunk(end, finish())],
    stop: [],
    fail: [fails(faults[error])],
    error: [chunk({ type: "error", error: faults[error] })],
    hang: [hangs],
  })[ending]

/** The script, in which each token says by its name which attempt it belongs to. */
const scriptOf = (name: string, { chunked, delay, ending, error = "transient", ...rest }: Behaviour): Script => {
  const opening = rest.silent ? [wait(delay), hangs] : [wait(delay)]
  if (rest.refuses) return { ...refused(faults[error]), opening }
  const tokens = rest.pieces.map((length, index) => delta(length === 0 ? "" : `${name}.${index}${"+".repeat(length)};`))
  const steps = tokens.flatMap((token, index) => [wait(rest.pauses[index] ?? 0), chunk(token)])
  const said = chunked && tokens.length > 0 ? [wait(rest.pauses[0] ?? 0), chunk(...tokens)] : steps
  return { opening, steps: [...(rest.preamble ? [chunk(metadata, start)] : []), ...said, ...endings(ending, error)] }
}

const textOf = ({ steps }: Script) =>
  steps
    .flatMap((step) => (step._tag === "Chunk" ? step.parts : []))
    .map((part) => (part.type === "text-delta" ? part.delta : ""))
    .join("")

const play = ({ mode, models, seed, total }: Scenario) => {
  const scripts = models.map((behaviours, model) => behaviours.map((one, index) => scriptOf(`${model}-${index}`, one)))
  const spies = scripts.map((some, model) => scripted(some, { name: `model-${model}` }))
  const money = budget(1_000)
  const careful = spies.map((spy) =>
    spy.model.pipe(Deadline.firstPart("5 seconds"), Deadline.betweenParts("5 seconds"), Retry.schedule(Retry.standard)),
  )
  const [first, ...others] = careful
  const stack = others.reduce<ResilientModel.ResilientModel<unknown>>(
    (model, other) => model.pipe(Fallback.to(other)),
    first!,
  )
  const called = call(stack.pipe(money.enforce, Deadline.total(total)), mode)
  return Effect.map(Random.withSeed(timed(observed(called)), seed), ([[outcome, events], elapsed]) => ({
    outcome,
    events,
    elapsed,
    spies,
    money,
    texts: scripts.flat().map(textOf),
  }))
}

type Played = Effect.Success<ReturnType<typeof play>>

const check = ({ mode, models, total }: Scenario, played: Played): void => {
  const { elapsed, events, money, outcome, spies, texts } = played
  const attempts = ended(events)
  const starts = events.filter((event): event is Attempt.AttemptStart => event._tag === "AttemptStarted")

  // The text is that of one attempt, up to some point, and in generate mode all of it or nothing.
  const owners = texts.filter((text) => text !== "" && text.startsWith(outcome.text))
  if (outcome.text !== "") assert.lengthOf(owners, 1)
  if (outcome.text !== "" && mode === "generate") assert.strictEqual(outcome.text, owners[0])

  const completed = attempts.filter((attempt) => attempt.outcome._tag === "Completed")
  assert.strictEqual(Exit.isSuccess(outcome.exit), completed.length === 1)
  assert.isAtMost(completed.length, 1)
  if (outcome.text !== "" && completed.length === 1) assert.strictEqual(outcome.text, owners[0])
  assert.isFalse(Exit.isFailure(outcome.exit) && Exit.hasDies(outcome.exit))

  // Whoever has seen something is asked no more.
  const committed = attempts.findIndex(({ outcome: over }) => over._tag === "Failed" && over.committed)
  if (committed >= 0) assert.strictEqual(committed, attempts.length - 1)
  if (outcome.text !== "" && completed.length === 0) assert.strictEqual(committed, attempts.length - 1)

  for (const { held, requests } of spies) {
    assert.isAtMost(requests.length, attemptsPerModel)
    assert.strictEqual(held, 0)
  }
  assert.isAtMost(attempts.length, models.length * attemptsPerModel)
  assert.isAtMost(elapsed, total)

  assert.deepStrictEqual(
    attempts.map(({ id }) => id),
    starts.map(({ id }) => id),
  )
  assert.strictEqual(new Set(starts.map(({ id }) => id)).size, starts.length)
  assert.strictEqual(money.reserved(), 0)
  assert.lengthOf(money.settled, attempts.length)
}

const runs = 10_000
// Few enough to be done while they are young objects, which costs a tenth less than 500 at once.
const atOnce = 100

describe("any faults of any providers", () => {
  it.effect("never mix two answers, ask too often, leak, or lose an attempt", () =>
    Effect.gen(function* () {
      const seen = { succeeded: 0, committed: 0, retried: 0, fellBack: 0, cut: 0 }
      for (let batch = 0; batch < runs / atOnce; batch++) {
        const scenarios = fc.sample(scenario, { numRuns: atOnce, seed: batch + 1 })
        const fibers = yield* Effect.forEach(scenarios, (one) => Effect.forkChild(play(one)))
        yield* TestClock.adjust("1 hour")
        for (const [index, fiber] of fibers.entries()) {
          const one = scenarios[index]!
          const played = yield* Fiber.join(fiber)
          try {
            check(one, played)
          } catch (cause) {
            throw new Error(`seed ${batch + 1}, run ${index}: ${JSON.stringify(one)}`, { cause })
          }
          if (Exit.isSuccess(played.outcome.exit)) seen.succeeded++
          else if (played.outcome.text !== "") seen.committed++
          if (played.events.some(({ _tag }) => _tag === "RetryScheduled")) seen.retried++
          if (played.events.some(({ _tag }) => _tag === "FallbackChosen")) seen.fellBack++
          if (played.elapsed === one.total) seen.cut++
        }
      }
      // A fuzzer that meets only one kind of weather proves little.
      for (const [what, times] of Object.entries(seen)) assert.isAbove(times, runs / 50, what)
    }),
  )
})
