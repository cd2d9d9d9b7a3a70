/**
 * Limits on how long a consumer waits for the next part of a stream.
 *
 * A race for each part would start two fibers for it. Here each pull starts one, which mostly is done at once, and one
 * watcher a stream sleeps until the earliest limit of the pull that is pending. A second limit on the same stream joins
 * the first one.
 */
import { Clock, Context, Duration, Effect, Exit, Fiber, type Scope, Stream } from "effect"

import { type Part } from "../../ModelCall.ts"
import * as Patience from "./patience.ts"

/** When a pull that began at some time must be done, by the monotonic clock in nanoseconds, and what it fails with. */
export interface Limit {
  readonly expiry: (began: bigint) => bigint
  readonly error: () => unknown
}

const Limits = Symbol("@holdfast/core/limits")

/** The stream with one more limit on each of its pulls. */
export const limitPulls = <E, E2>(
  parts: Stream.Stream<Part, E>,
  limit: Limit & { readonly error: () => E2 },
): Stream.Stream<Part, E | E2> => {
  const known = (parts as { readonly [Limits]?: Array<Limit> })[Limits]
  if (known !== undefined) {
    known.push(limit)
    return parts
  }
  const limits: Array<Limit> = [limit]
  const stream = Stream.transformPull(parts, (pull, scope) =>
    Effect.withFiber((fiber) => Effect.succeed(new Watch(limits, fiber, scope).over(pull))),
  )
  return Object.assign(stream, { [Limits]: limits })
}

interface Pending {
  readonly expiry: bigint
  readonly limit: Limit
  readonly expire: (limit: Limit) => void
}

class Watch {
  private readonly limits: ReadonlyArray<Limit>
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private readonly scope: Scope.Scope
  private pending: Pending | undefined
  private watching = false
  /** After `finish` all of the answer is there, and no silence matters. */
  private finished = false

  constructor(limits: ReadonlyArray<Limit>, fiber: Fiber.Fiber<unknown, unknown>, scope: Scope.Scope) {
    this.limits = limits
    this.clock = fiber.getRef(Clock.Clock)
    this.context = fiber.context
    this.scope = scope
  }

  over<A extends ReadonlyArray<Part>, E, R>(pull: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.withFiber((parent) =>
      Effect.callback<A, E>((resume) => {
        const patience = Patience.make()
        const context = Context.add(parent.context, Patience.Patience, patience)
        const child = Effect.runForkWith(context)(pull as Effect.Effect<A, E>)
        const exit = child.pollUnsafe()
        if (exit !== undefined) return resume(this.seen(exit))
        if (!this.finished) {
          this.wait((limit) => {
            if (patience.settle()) return
            resume(Effect.andThen(Fiber.interrupt(child), Effect.fail(limit.error() as E)))
          })
        }
        child.addObserver((ended) => {
          this.pending = undefined
          resume(this.seen(ended))
        })
        return Fiber.interrupt(child)
      }),
    )
  }

  private seen<A extends ReadonlyArray<Part>, E>(exit: Exit.Exit<A, E>): Exit.Exit<A, E> {
    if (Exit.isSuccess(exit) && exit.value.at(-1)?.type === "finish") this.finished = true
    return exit
  }

  private wait(expire: Pending["expire"]): void {
    const began = this.clock.monotonicTimeNanosUnsafe()
    let first: Pending | undefined
    for (const limit of this.limits) {
      const expiry = limit.expiry(began)
      if (first === undefined || expiry < first.expiry) first = { expiry, limit, expire }
    }
    this.pending = first
    if (this.watching) return
    this.watching = true
    Effect.runForkWith(this.context)(Effect.forkIn(this.watch, this.scope, { startImmediately: true }))
  }

  private readonly watch: Effect.Effect<void> = Effect.suspend(() => {
    const { pending } = this
    const left = pending === undefined ? undefined : pending.expiry - this.clock.monotonicTimeNanosUnsafe()
    if (pending === undefined || left === undefined || left <= 0n) {
      this.watching = false
      pending?.expire(pending.limit)
      return Effect.void
    }
    return Effect.andThen(Effect.sleep(Duration.nanos(left)), this.watch)
  })
}
