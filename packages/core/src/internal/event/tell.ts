import { Result } from "effect"

/** Gives an event to a sink. A sink is the application's code, and its mistakes are no failure of the call. */
export const tell = <Event>(sink: ((event: Event) => unknown) | undefined, event: Event): void => {
  if (sink !== undefined) Result.try(() => sink(event))
}
