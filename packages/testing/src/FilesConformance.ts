/**
 * What the files of every vendor must do, as one suite of tests that runs against the emulator.
 *
 * **When to use**
 *
 * In the tests of a provider with a file API.
 *
 * **Details**
 *
 * The suite is a module of its own, `@holdfast/testing/FilesConformance`, and not part of the package's index, because it needs
 * `vitest` and `@effect/vitest`.
 *
 * @since 0.1.0
 */
import { layer } from "@effect/vitest"
import { Effect, Redacted, type Scope } from "effect"

import * as Emulator from "./Emulator.ts"
import { type Check as Unbound, secret, type Subject } from "./internal/conformance/files/trial.ts"
import { uploads } from "./internal/conformance/files/uploads.ts"
import { uses } from "./internal/conformance/files/uses.ts"

export type { Capabilities, Subject } from "./internal/conformance/files/trial.ts"

/**
 * One thing that all files must do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check {
  readonly name: string
  readonly run: Effect.Effect<void, unknown, Emulator.Emulator | Scope.Scope>
}

const all: ReadonlyArray<Unbound> = [...uploads, ...uses]

/**
 * The checks as effects, for other test runners.
 *
 * @since 0.1.0
 * @category constructors
 */
export const checks = <R>(subject: Subject<R>): ReadonlyArray<Check> =>
  all.map(({ name, run }) => ({
    name,
    run: Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reset
      const baseUrl = emulator.baseUrl(subject.dialect)
      const withKey = (key: Parameters<typeof subject.layer>[1]) =>
        Effect.provide(subject.files, subject.layer(baseUrl, key))
      const key = Redacted.make(secret)
      const files = yield* withKey(key)
      yield* Effect.provide(run({ ...subject, emulator, files, withKey }), subject.layer(baseUrl, key))
    }),
  }))

/**
 * Registers the checks as tests of `vitest`, in the clock's real time because they watch sockets.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = <R>(subject: Subject<R>): void => {
  layer(Emulator.layer(), { excludeTestServices: true })(`files of ${subject.name} conform`, (it) => {
    for (const { name, run } of checks(subject)) it.effect(name, () => run)
  })
}
