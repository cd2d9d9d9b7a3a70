/**
 * What has to get into a ledger, also when who asked for it waits no more.
 */
import { Cause, Deferred, Effect, Exit, Fiber, type Scope } from "effect"

import { type LedgerUnavailable } from "./unavailable.ts"
import { untilWritten } from "./untilWritten.ts"

type Write = Effect.Effect<unknown, LedgerUnavailable>

export class Background {
  readonly #closing = Deferred.makeUnsafe<void>()
  readonly #fibers = new Set<Fiber.Fiber<void>>()

  /** One that ends with the scope: what is not written by then is tried once more. */
  static readonly make: Effect.Effect<Background, never, Scope.Scope> = Effect.suspend(() => {
    const background = new Background()
    return Effect.as(
      Effect.addFinalizer(() => background.#close),
      background,
    )
  })

  /** Begins to write, and gives an effect that ends with the first try. */
  persist(self: Write): Effect.Effect<Effect.Effect<void>> {
    return Effect.withFiber((parent) => {
      // Fibers of their own, which nobody interrupts, with what the caller has in context: a clock, and who hears of events.
      const run = Effect.runForkWith(parent.context)
      const first = run(self)
      const exit = first.pollUnsafe()
      if (exit !== undefined && Exit.isSuccess(exit)) return done
      const rest = run(this.#persistently(self, first))
      this.#fibers.add(rest)
      rest.addObserver(() => this.#fibers.delete(rest))
      return Effect.succeed(Effect.flatMap(Fiber.await(first), defectOf))
    })
  }

  /** Waits for the first try, and tries again until it is written, or the ledger closes. */
  #persistently(self: Write, first: Fiber.Fiber<unknown, LedgerUnavailable>): Effect.Effect<void> {
    const state = { isTrying: false, isWritten: false }
    // What is under way is waited for: its answer may be one that is not given twice.
    const attempt = Effect.uninterruptible(
      Effect.suspend(() => {
        state.isTrying = true
        return Effect.onExit(self, (exit) =>
          Effect.sync(() => {
            state.isTrying = false
            state.isWritten = Exit.isSuccess(exit)
          }),
        )
      }),
    )
    let wasTrying = false
    const closed = Effect.andThen(
      Deferred.await(this.#closing),
      Effect.sync(() => {
        wasTrying = state.isTrying
      }),
    )
    const last = Effect.suspend(() => (state.isWritten || wasTrying ? Effect.void : Effect.ignore(attempt)))
    const again = Effect.andThen(Effect.raceFirst(Effect.ignore(Effect.retry(attempt, untilWritten)), closed), last)
    return Effect.flatMap(Fiber.await(first), (exit) =>
      Exit.isSuccess(exit) || Cause.hasDies(exit.cause) || Deferred.isDoneUnsafe(this.#closing) ? Effect.void : again,
    )
  }

  get #close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      Deferred.doneUnsafe(this.#closing, Effect.void)
      return Effect.forEach([...this.#fibers], (fiber) => Fiber.await(fiber), {
        concurrency: "unbounded",
        discard: true,
      })
    })
  }
}

const done: Effect.Effect<Effect.Effect<void>> = Effect.succeed(Effect.void)

// That it failed is told by what is written. A defect is one of the program, and goes to who waits.
const defectOf = (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? Effect.failCause(exit.cause as Cause.Cause<never>) : Effect.void
