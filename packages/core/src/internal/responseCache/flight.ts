/**
 * One answer on its way, shared by all callers that asked for it at the same time.
 *
 * The request is made by a fiber of its own, so that whoever asked first may give up while others still want the answer. It
 * reads on when somebody waits for more, and is stopped when nobody is left.
 */
import { Cause, Effect, Exit, Fiber, Pull, Scope, Stream } from "effect"

import { type Part } from "../../ModelCall.ts"
import { ofParts, partsIfComplete } from "../answer/complete.ts"

type Chunk = readonly [Part, ...Array<Part>]

/** A first part, and where to get the rest. */
export type Opening<E> = Effect.Effect<Stream.Stream<Part, E>, E, Scope.Scope>

/** Makes an effect as interruptible as it was outside. */
type Restored = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export interface FlightOptions {
  /** Nobody may board any more. */
  readonly closed: () => void
  /** The answer is complete; runs before anybody hears of the end. */
  readonly arrived: (answer: ReadonlyArray<Part>) => Effect.Effect<void>
}

export class SingleFlight<E> {
  private readonly chunks: Array<Chunk> = []
  private readonly waiting = new Set<() => void>()
  private whole: ReadonlyArray<Part> | undefined
  private exit: Exit.Exit<void, E | Cause.Done> | undefined
  private committed = false
  private subscribers = 0
  private fiber: Fiber.Fiber<void> | undefined
  private readonly opening: Opening<E>
  private readonly options: FlightOptions

  constructor(opening: Opening<E>, options: FlightOptions) {
    this.opening = opening
    this.options = options
  }

  /**
   * Subscribes to the answer until the scope closes; the first subscriber starts the request. Completes at the commit
   * point.
   *
   * Registration happens at once, so that the request is not cancelled in between; therefore run it uninterruptibly. Only
   * the wait, which is `restored`, can be interrupted.
   */
  subscribe(restored: Restored): Opening<E> {
    this.subscribers++
    return Effect.flatMap(Effect.scope, (scope) => {
      const boarded = Scope.addFinalizer(scope, this.leave)
      const started = Effect.withFiber((parent) => {
        this.fiber ??= Effect.runForkWith(parent.context)(this.run)
        return Effect.void
      })
      return boarded.pipe(Effect.andThen(started), Effect.andThen(restored(this.commit)))
    })
  }

  private readonly leave = Effect.suspend(() => {
    if (--this.subscribers > 0 || this.fiber === undefined) return Effect.void
    this.options.closed()
    return Effect.asVoid(Fiber.interrupt(this.fiber))
  })

  private readonly commit: Effect.Effect<Stream.Stream<Part, E>, E> = Effect.suspend(
    (): Effect.Effect<Stream.Stream<Part, E>, E> => {
      if (this.committed) return Effect.succeed(this.whole === undefined ? this.fromStart() : ofParts(this.whole))
      if (this.exit !== undefined) return this.failure(this.exit)
      return Effect.andThen(this.changed, this.commit)
    },
  )

  private failure(exit: Exit.Exit<void, E | Cause.Done>): Effect.Effect<never, E> {
    return Exit.isFailure(exit) ? Effect.failCause(exit.cause as Cause.Cause<E>) : Effect.never
  }

  private fromStart(): Stream.Stream<Part, E> {
    return Stream.fromPull(
      Effect.sync(() => {
        let next = 0
        const pull: Pull.Pull<Chunk, E> = Effect.suspend((): Pull.Pull<Chunk, E> => {
          const chunk = this.chunks[next]
          if (chunk !== undefined) {
            next++
            return Effect.succeed(chunk)
          }
          return this.exit === undefined ? Effect.andThen(this.changed, pull) : (this.exit as Exit.Exit<never, E>)
        })
        return pull
      }),
    )
  }

  private readonly changed: Effect.Effect<void> = Effect.callback((resume) => {
    const wake = () => resume(Effect.void)
    this.waiting.add(wake)
    this.wanted?.()
    return Effect.sync(() => void this.waiting.delete(wake))
  })

  private wanted: (() => void) | undefined

  private readonly demand: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.waiting.size > 0) return resume(Effect.void)
    this.wanted = () => {
      this.wanted = undefined
      resume(Effect.void)
    }
  })

  private tell(): void {
    const waiting = [...this.waiting]
    this.waiting.clear()
    for (const wake of waiting) wake()
  }

  private get run(): Effect.Effect<void> {
    const answered = Effect.scoped(
      Effect.flatMap(this.opening, (answer) => {
        this.whole = partsIfComplete(answer)
        this.committed = true
        if (this.whole !== undefined) return Effect.void
        this.tell()
        return this.read(answer)
      }),
    )
    return Effect.onExitPrimitive(
      Effect.exit(answered),
      (result) => this.complete(Exit.isSuccess(result) ? result.value : Exit.failCause(result.cause)),
      true,
    ).pipe(Effect.asVoid)
  }

  private read(answer: Stream.Stream<Part, E>): Effect.Effect<void, E, Scope.Scope> {
    return Effect.flatMap(Stream.toPull(answer), (pull) => {
      const loop: Effect.Effect<void, E | Cause.Done> = this.demand.pipe(
        Effect.andThen(pull),
        Effect.flatMap((chunk) => {
          this.chunks.push(chunk)
          this.tell()
          return loop
        }),
      )
      return Pull.catchDone(loop, () => Effect.void) as Effect.Effect<void, E>
    })
  }

  private complete(exit: Exit.Exit<void, E>): Effect.Effect<void> {
    this.options.closed()
    const arrived = Exit.isSuccess(exit) ? this.options.arrived(this.whole ?? this.chunks.flat()) : Effect.void
    return Effect.map(arrived, () => {
      this.exit = Exit.isSuccess(exit) ? Exit.fail(Cause.Done()) : exit
      this.tell()
    })
  }
}
