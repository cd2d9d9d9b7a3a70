/**
 * What every batch API must do, as one suite of tests that runs against the emulator.
 *
 * **When to use**
 *
 * In the tests of a provider, for each of its batch APIs.
 *
 * **Details**
 *
 * The suite is a module of its own, `@holdfast/testing/BatchConformance`, and not part of the package's index, because it needs
 * `vitest` and `@effect/vitest`. All checks of a subject share one emulator.
 *
 * @since 0.1.0
 */
import { layer } from "@effect/vitest"
import * as Resilient from "@holdfast/core/Resilient"
import { Effect, Redacted } from "effect"

import * as Emulator from "./Emulator.ts"
import { answers } from "./internal/conformance/batch/answers.ts"
import { hostile } from "./internal/conformance/batch/hostile.ts"
import { making, texts } from "./internal/conformance/batch/making.ts"
import { questionsOf } from "./internal/conformance/batch/questions.ts"
import { results } from "./internal/conformance/batch/results.ts"
import {
  type Batch,
  type Check as Unbound,
  type Group,
  key,
  type Operation,
  type Subject,
} from "./internal/conformance/batch/trial.ts"

export type { Capabilities, Group, Operation, Subject } from "./internal/conformance/batch/trial.ts"

/**
 * One thing that every batch API must do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check {
  readonly name: string
  readonly run: Effect.Effect<void, unknown, Emulator.Emulator>
}

const groups: Readonly<Record<Group, ReadonlyArray<Unbound>>> = { answers, making, results, hostile }

const names: ReadonlyArray<Group> = ["answers", "making", "results", "hostile"]

/**
 * The checks as effects, for other test runners.
 *
 * @since 0.1.0
 * @category constructors
 */
export const checks = <K extends Operation, R>(subject: Subject<K, R>): ReadonlyArray<Check> =>
  (subject.groups ?? names)
    .flatMap((group) => groups[group])
    .concat(subject.capabilities.texts === undefined ? [] : [texts])
    .map(({ name, run }) => ({
      name,
      run: Effect.gen(function* () {
        const emulator = yield* Emulator.Emulator
        yield* emulator.reset
        const models = Effect.all({ batch: subject.batch, live: Resilient.anyCallOf(subject.live) })
        const tried = Effect.flatMap(models, ({ batch, live }) =>
          run({
            emulator,
            subject,
            batch: batch as unknown as Batch,
            live,
            questions: questionsOf(batch.operation, subject.capabilities),
          }),
        )
        yield* Effect.provide(
          Effect.scoped(tried),
          subject.layer(emulator.batches.baseUrl(subject.vendor), Redacted.make(key)),
        )
      }),
    }))

/**
 * Registers the checks as tests of `vitest`, in the clock's real time because they watch sockets.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = <K extends Operation, R>(subject: Subject<K, R>): void => {
  layer(Emulator.layer(), { excludeTestServices: true })(`batches of ${subject.name} conform`, (it) => {
    for (const { name, run } of checks(subject)) it.effect(name, () => run)
  })
}
