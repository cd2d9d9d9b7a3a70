import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"

import * as ResilientModel from "../src/ResilientModel.ts"
import * as Route from "../src/Route.ts"
import { attemptOf, commands, type Commands, cutAt, type Planned, planned, type Told, type Tried } from "./commands.ts"
import { checkAlways, histories, played, type World } from "./histories.ts"

const names = ["a", "b", "c"] as const
type Name = (typeof names)[number]

interface Seen {
  readonly name: Name
  readonly inFlight: number
  /** The peak of the time to the first part, and when it was. */
  readonly peak: { readonly value: number; readonly at: number } | undefined
}

type Model = ResilientModel.ResilientModel<unknown, unknown>

interface Kind {
  readonly build: (models: readonly [Model, Model, Model]) => Model
  /** Which of those that are there is expected. */
  readonly pick: (seen: ReadonlyArray<Seen>, chance: () => number) => Seen | undefined
}

const weights = { a: 3, b: 0, c: 1 } as const
const price = ({ inFlight, name }: { readonly name: Name; readonly inFlight: number }) =>
  (inFlight + 1) * { a: 3, b: 2, c: 4 }[name]

const lowest = (seen: ReadonlyArray<Seen>, cost: (one: Seen) => number): Seen | undefined =>
  seen.reduce((best, one) => (cost(one) < cost(best) ? one : best))

/** Two different ones by chance, of which the second has to be better to be taken. */
const better = (seen: ReadonlyArray<Seen>, chance: () => number, cost: (one: Seen) => number): Seen | undefined => {
  const first = Math.floor(chance() * seen.length)
  const others = [...seen.slice(first + 1), ...seen.slice(0, first)]
  const second = others[Math.floor(chance() * others.length)]
  const one = seen[first] as Seen
  return second !== undefined && cost(second) < cost(one) ? second : one
}

const kinds: Readonly<Record<string, Kind>> = {
  weighted: {
    build: ([a, b, c]) =>
      Route.weighted([
        [a, weights.a],
        [b, weights.b],
        [c, weights.c],
      ]),
    pick: (seen, chance) => {
      const lots = seen.flatMap((one) => Array.from({ length: weights[one.name] }, () => one))
      const drawn = chance()
      return lots[Math.floor(drawn * lots.length)] ?? seen.at(-1)
    },
  },
  leastBusy: {
    build: Route.leastBusy,
    pick: (seen, chance) => better(seen, chance, ({ inFlight }) => inFlight),
  },
  lowestLatency: {
    build: Route.lowestLatency,
    pick: (seen, chance) => better(seen, chance, ({ inFlight, peak }) => (peak?.value ?? 0) * (inFlight + 1)),
  },
  cheapest: {
    build: (models) => Route.cheapest(models, ({ inFlight, model }) => price({ inFlight, name: model as Name })),
    pick: (seen) => lowest(seen, price),
  },
  choose: {
    build: (models) =>
      Route.choose(models, (_, candidates) =>
        candidates.reduce((best, one) => (one.inFlight > best.inFlight ? one : best)),
      ),
    pick: (seen) => lowest(seen, ({ inFlight }) => -inFlight),
  },
}

/** A model that can be switched off, as by a breaker. */
const switchable = (world: World, index: number): Model =>
  world
    .model(names[index] as Name)
    .pipe(
      ResilientModel.policy({ name: "switch", settings: {} }, (call) =>
        Effect.succeed({ ...call, available: () => !world.isOff(index) }),
      ),
    )

const availableAt = (all: Commands, at: number): ReadonlyArray<Name> => {
  const off = (index: number) =>
    planned(all).others.filter((one) => one._tag === "Toggle" && one.model === index && one.at <= at).length % 2 === 1
  const on = names.filter((_, index) => !off(index))
  return on.length === 0 ? names : on
}

/** What is known of a model at some time, from what was asked of it before. */
const seenAt = (name: Name, at: number, past: ReadonlyArray<readonly [Planned, Tried]>): Seen => {
  const own = past.filter(([, { model }]) => model === name)
  const firstParts = own
    .map(([call, { began, ended }]) => ({ began, ended, at: attemptOf(call, 0, { model: name, began }).commits }))
    .filter((one) => one.at < at && one.at <= one.ended)
    .toSorted((one, other) => one.at - other.at)
  let peak: Seen["peak"]
  for (const { at: now, began } of firstParts) {
    const kept = peak === undefined ? 0 : peak.value * Math.exp((peak.at - now) / 10_000)
    const took = now - began
    if (peak === undefined || took >= peak.value) peak = { value: took, at: now }
    else peak = { value: kept + took * (1 - kept / peak.value), at: now }
  }
  return { name, inFlight: own.filter(([, { ended }]) => ended > at).length, peak }
}

const toldOf = (call: Planned, model: Name) => {
  const attempt = attemptOf(call, 0, { model, began: call.at })
  const stop = call.at + call.patience
  const tried = cutAt(attempt, stop)
  const over = attempt.ended <= stop
  const outcome = over ? (attempt.how === "Completed" ? "answered" : attempt.how) : "interrupted"
  return [{ outcome, at: tried.ended, attempts: [tried] } satisfies Told, tried] as const
}

const expected = (all: Commands, { pick }: Kind, chances: ReadonlyArray<number>): ReadonlyArray<Told> => {
  const past: Array<readonly [Planned, Tried]> = []
  const left = [...chances]
  return planned(all).calls.map((call) => {
    const seen = availableAt(all, call.at).map((name) => seenAt(name, call.at, past))
    const { name } = pick(seen, () => left.shift() ?? 0.5) as Seen
    const [told, tried] = toldOf(call, name)
    past.push([call, tried])
    return told
  })
}

const chances = fc.array(
  fc.integer({ min: 0, max: 999 }).map((thousandths) => thousandths / 1_000),
  { minLength: 16, maxLength: 16 },
)

const routed = (all: Commands, build: Kind["build"], drawn: ReadonlyArray<number>) =>
  played(all, (world) => build([switchable(world, 0), switchable(world, 1), switchable(world, 2)]) as never, {
    chances: drawn,
  })

describe("Route", () => {
  it.effect.each(Object.keys(kinds))(
    "%s does what its model says, whatever the providers, the callers and the wall clock do",
    (name) =>
      histories(
        fc.tuple(commands, chances),
        ([all, drawn]) =>
          Effect.gen(function* () {
            const kind = kinds[name] as Kind
            const result = yield* routed(all, kind.build, drawn)
            assert.deepStrictEqual(result.told, expected(all, kind, drawn))
            checkAlways(result)
          }),
        { runs: 300 },
      ),
  )

  it.effect("sticky keeps a key with its model, and moves only the keys of one that drops out", () =>
    histories(
      commands,
      (all) =>
        Effect.gen(function* () {
          const result = yield* routed(all, (models) => Route.sticky(models), [])
          const seen = result.calls.map((call) => {
            const model = result.told[call.id]?.attempts[0]?.model as Name
            assert.deepStrictEqual(result.told[call.id], toldOf(call, model)[0])
            const available = availableAt(all, call.at)
            assert.include(available, model)
            return { tenant: call.tenant, model, available }
          })
          for (const one of seen) {
            for (const other of seen) {
              const both = one.available.includes(other.model) && other.available.includes(one.model)
              if (one.tenant === other.tenant && both) assert.strictEqual(one.model, other.model)
            }
          }
          checkAlways(result)
        }),
      { runs: 300 },
    ),
  )
})
