/**
 * What a policy adds to a call at the seam, inside of a fiber, beside what Effect's own adds to the same effect.
 */
import { Breaker, Concurrency, type ModelCall, ModelRequest, Resilience, ResilientModel } from "@holdfast/core"
import * as cockatiel from "cockatiel"
import { Effect, Schedule, Semaphore, Stream } from "effect"
import { AiError } from "effect/ai"
import { CircuitBreaker } from "effect/persistence"
import Opossum from "opossum"
import pRetry from "p-retry"

import { type Contestant } from "./measure.ts"

const calls = 2_000

/** Many calls in one fiber, each in a scope of its own as the seam has it. */
export const contestant = (each: Effect.Effect<unknown, unknown>): Contestant => {
  const one = Effect.ignore(each)
  const all = Effect.forEach(Array.from({ length: calls }), () => one, { discard: true })
  return { run: () => Effect.runPromise(all), units: calls, runs: 1 }
}

const request = ModelRequest.make("generate", "Why do ships float?")

const answer = Effect.succeed(Stream.empty)

type Bare<E> = Omit<ModelCall.ModelCall<E, "chat">, "operation">

const quick: Bare<never> = { provider: "bench", model: "quick", open: () => answer }

const broken = Effect.fail(
  AiError.make({
    module: "bench",
    method: "bench",
    reason: new AiError.InternalProviderError({ description: "broken" }),
  }),
)

const guarded = <E>(
  model: string,
  open: ReturnType<ModelCall.ModelCall<E, "chat">["open"]>,
  options?: Breaker.Options,
) => {
  const call: Bare<E> = { provider: "bench", model, open: () => open }
  return ResilientModel.callOf(
    ResilientModel.make(Effect.succeed(call), { name: "bench", settings: {} }).pipe(Breaker.guard(options)),
  )
}

/** A call by itself, through a closed and through an open circuit, of ours and of Effect's. */
export const breakers = Effect.gen(function* () {
  const closed = yield* guarded("closed", answer)
  const open = yield* guarded("open", broken, { openFor: Schedule.spaced("1 day") })
  yield* Effect.replicateEffect(Effect.ignore(Effect.scoped(open.open(request))), 10)
  const effects = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.rate({ threshold: 0.5 }),
    openDuration: "1 day",
  })
  const trip = Effect.ignore(
    effects.execute(Effect.fail("broken"), { key: "open", classify: () => CircuitBreaker.failure() }),
  )
  yield* Effect.replicateEffect(trip, 100)
  return {
    bare: contestant(Effect.scoped(answer)),
    closed: contestant(Effect.scoped(closed.open(request))),
    effectClosed: contestant(Effect.scoped(effects.execute(answer, { key: "closed" }))),
    open: contestant(Effect.scoped(open.open(request))),
    effectOpen: contestant(Effect.scoped(effects.execute(answer, { key: "open" }))),
  }
}).pipe(Effect.provide([Breaker.layerMemory, CircuitBreaker.layerStoreMemory()]))

/**
 * What the seven policies of `Resilience.standard` add to a call, beside four of cockatiel around the same promise, and what
 * other libraries add.
 */
export const stacks = Effect.gen(function* () {
  const seven = yield* ResilientModel.callOf(
    ResilientModel.make(Effect.succeed(quick), { name: "bench", settings: {} }).pipe(Resilience.standard()),
  )
  const stock = yield* stockStack
  const resolved = async () => 1
  const breaker = new Opossum(resolved, { timeout: 30_000, rollingPercentilesEnabled: false })
  const wrapped = cockatiel.wrap(
    cockatiel.retry(cockatiel.handleAll, { maxAttempts: 2, backoff: new cockatiel.ExponentialBackoff() }),
    cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 5_000,
      breaker: new cockatiel.SamplingBreaker({ threshold: 0.5, duration: 60_000 }),
    }),
    cockatiel.timeout(30_000, cockatiel.TimeoutStrategy.Cooperative),
    cockatiel.bulkhead(64, 128),
  )
  return {
    bare: contestant(Effect.scoped(answer)),
    seven: contestant(Effect.scoped(seven.open(request))),
    stock: contestant(stock(Effect.scoped(answer))),
    promise: promised(resolved),
    cockatiel4: promised(() => wrapped.execute(resolved)),
    opossum: promised(() => breaker.fire()),
    pRetry: promised(() => pRetry(resolved, { retries: 2 })),
  }
})

/** As near to it as Effect comes by itself: retry, breaker, semaphore and timeout. */
const stockStack = Effect.gen(function* () {
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.rate({ threshold: 0.5 }),
    openDuration: "5 seconds",
  })
  const places = yield* Semaphore.make(64)
  return <A>(self: Effect.Effect<A>) =>
    self
      .pipe(
        Effect.timeout("30 seconds"),
        (timed) => places.withPermit(timed),
        (limited) => breaker.execute(limited, { key: "stock" }),
      )
      .pipe(Effect.retry({ times: 2 }))
}).pipe(Effect.provide(CircuitBreaker.layerStoreMemory()))

/** Many calls of a promise, one after the other. */
const promised = (call: () => Promise<unknown>): Contestant => ({
  units: calls,
  runs: 1,
  run: async () => {
    for (let index = 0; index < calls; index++) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other is the point
      await call()
    }
  },
})

/** One line of waiters, drained through a limit of one call at a time. */
export const drains = Effect.gen(function* () {
  const limited = yield* ResilientModel.callOf(
    ResilientModel.make(Effect.succeed(slow), { name: "bench", settings: {} }).pipe(
      Concurrency.limit(1, { queue: 20_000 }),
    ),
  )
  const ask = Effect.scoped(limited.open(request))
  const drain = (waiters: number): Contestant => {
    const all = Effect.forEach(Array.from({ length: waiters }), () => ask, { concurrency: "unbounded", discard: true })
    return { run: () => Effect.runPromise(all), units: 1, runs: 1 }
  }
  return { few: drain(1_000), many: drain(16_000) }
})

/** Lets the line form before it goes on. */
const slow: Bare<never> = {
  provider: "bench",
  model: "bench",
  open: () => Effect.as(Effect.yieldNow, Stream.empty),
}
