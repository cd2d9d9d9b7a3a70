/**
 * What policies remember, which belongs to a model as a value.
 *
 * A layer is built wherever it is provided, once for each request if a handler provides it. State that were made with the
 * layer would be gone with the request, and a limit would be none. So it is kept with the model, and every build of the
 * same model finds it.
 */
import { Context, Effect } from "effect"

/** The states of one policy around one model, in the order in which the policy asks for them. */
export class StateCell {
  /** Whether what is wrong with the model was said. */
  reported = false
  /** Whether the policy was built before, so that its states are there. */
  wasBuilt = false
  private readonly states: Array<unknown> = []

  at<S>(index: number, make: () => S): S {
    if (index >= this.states.length) this.states[index] = make()
    return this.states[index] as S
  }
}

/** States of a model that was made fresh, in place of those of its cells. */
export class FreshStates {
  private readonly cells = new Map<StateCell, StateCell>()

  of(cell: StateCell): StateCell {
    const own = this.cells.get(cell) ?? new StateCell()
    this.cells.set(cell, own)
    return own
  }
}

interface Build {
  readonly cell: StateCell
  next: number
}

const CurrentBuild: Context.Reference<Build | undefined> = Context.Reference<Build | undefined>(
  "@holdfast/core/CurrentBuild",
  { defaultValue: () => undefined },
)

const CurrentFreshStates: Context.Reference<FreshStates | undefined> = Context.Reference<FreshStates | undefined>(
  "@holdfast/core/CurrentFreshStates",
  { defaultValue: () => undefined },
)

/** Builds a policy whose states are kept in a cell. */
export const withStates = <A, E, R>(build: Effect.Effect<A, E, R>, cell: StateCell): Effect.Effect<A, E, R> =>
  Effect.flatMap(CurrentFreshStates, (fresh) =>
    Effect.provideService(build, CurrentBuild, { cell: fresh?.of(cell) ?? cell, next: 0 }),
  )

/** Builds models with states of their own. */
export const withFreshStates = <A, E, R>(build: Effect.Effect<A, E, R>, states: FreshStates): Effect.Effect<A, E, R> =>
  Effect.provideService(build, CurrentFreshStates, states)

/** What the policy that is being built remembers. Made when the model is built for the first time. */
export const state = <S>(make: () => S): Effect.Effect<S> =>
  Effect.flatMap(CurrentBuild, (build) =>
    Effect.sync(() => (build === undefined ? make() : build.cell.at(build.next++, make))),
  )
