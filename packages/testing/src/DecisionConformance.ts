/**
 * What every decision model must do, as one suite of tests that runs against the emulator.
 *
 * **When to use**
 *
 * In the tests of a provider, for each of its models that differs on the wire.
 *
 * **Details**
 *
 * The suite is a module of its own, `@holdfast/testing/DecisionConformance`, and not part of the package's index, because it needs
 * `vitest` and `@effect/vitest`.
 *
 * @since 0.1.0
 */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Emulator from "./Emulator.ts"
import { checks as unbound, type Subject } from "./internal/conformance/decisions.ts"

export type { Decided, Subject } from "./internal/conformance/decisions.ts"

/**
 * One thing that every decision model must do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check {
  readonly name: string
  readonly run: Effect.Effect<void, unknown>
}

/**
 * The checks as effects, for other test runners.
 *
 * @since 0.1.0
 * @category constructors
 */
export const checks = <R>(subject: Subject<R>): ReadonlyArray<Check> =>
  unbound.map(({ name, run }) => ({
    name,
    run: Effect.flatMap(Emulator.Emulator, (emulator) =>
      Effect.provide(run(subject, emulator), subject.layer(emulator.baseUrl(subject.dialect))),
    ).pipe(Effect.scoped, Effect.provide(Emulator.layer())),
  }))

/**
 * Registers the checks as tests of `vitest`, in the clock's real time because they watch sockets.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = <R>(subject: Subject<R>): void => {
  describe(`${subject.name} conforms`, () => {
    for (const { name, run } of checks(subject)) it.live(name, () => run)
  })
}
