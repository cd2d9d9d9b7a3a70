import { Context, Effect, Exit, Fiber, Scope } from "effect"

import { settled } from "../scope.ts"

export interface Race<A, E, R, E2> {
  readonly opening: Effect.Effect<A, E, R | Scope.Scope>
  /** What the opening finds in its context beside the services of the caller. */
  readonly context: ((callers: Context.Context<never>) => Context.Context<never>) | undefined
  /** Made only where it is needed. */
  readonly timer: () => Effect.Effect<never, E2>
  /** Whether all of the answer is there when the opening is done, so that nothing is held by then. */
  readonly whole: boolean
}

/**
 * An opening against a timer, which fails when the time is up. The timer starts only if the opening is not done at once.
 *
 * The scope is of its own, because the opening may succeed just as the timer wins, and then nobody else would release what
 * it holds.
 */
export const raceDeadline = <A, E, R, E2>({
  context,
  opening,
  timer,
  whole,
}: Race<A, E, R, E2>): Effect.Effect<A, E | E2, R | Scope.Scope> =>
  Effect.withFiber((parent) => {
    const callers = parent.context
    const own = whole ? undefined : Scope.makeUnsafe()
    const services = context === undefined ? callers : context(callers)
    const running = Effect.callback<A, E | E2>((resume) => {
      const child = Effect.runForkWith(own === undefined ? services : Context.add(services, Scope.Scope, own))(
        opening as Effect.Effect<A, E>,
      )
      const done = child.pollUnsafe()
      if (done !== undefined) return resume(done)
      const alarm = Effect.runForkWith(services)(timer())
      child.addObserver((exit) => {
        alarm.interruptUnsafe()
        resume(exit)
      })
      alarm.addObserver((exit) => {
        if (!Exit.hasInterrupts(exit)) resume(Effect.andThen(Fiber.interrupt(child), exit))
      })
      return Fiber.interruptAll([child, alarm])
    })
    return own === undefined ? running : settled(running, own, Context.getUnsafe(parent.context, Scope.Scope))
  })
