/**
 * What the client of every provider must do, as one suite of tests that runs against the emulator.
 *
 * **When to use**
 *
 * In the tests of a provider, beside `ProviderConformance`, which is about its models.
 *
 * **Details**
 *
 * The suite is a module of its own, `@holdfast/testing/ClientConformance`, and not part of the package's index, because
 * it needs `vitest` and `@effect/vitest`. It sets variables of the process while it runs, and runs Node.js once.
 *
 * @since 0.1.0
 */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Emulator from "./Emulator.ts"
import { type Check as Unbound, checks as unbound, type Subject } from "./internal/conformance/client.ts"
import { keyChecks } from "./internal/conformance/keys.ts"
import { sdkLoadedBy } from "./internal/conformance/lazySdk.ts"

export type { Options, Subject } from "./internal/conformance/client.ts"

/**
 * One thing that every client must do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check {
  readonly name: string
  readonly run: Effect.Effect<void, unknown>
}

const bind = <Client>(subject: Subject<Client>, { name, run }: Unbound): Check => ({
  name,
  run: Effect.flatMap(Emulator.Emulator, (emulator) => run(subject, emulator)).pipe(
    Effect.scoped,
    Effect.provide(Emulator.layer()),
  ),
})

/**
 * The checks as effects, for other test runners.
 *
 * @since 0.1.0
 * @category constructors
 */
export const checks = <Client>(subject: Subject<Client>): ReadonlyArray<Check> =>
  [...unbound, ...keyChecks].map((member) => bind(subject, member))

/**
 * Registers the checks as tests of `vitest`, in the clock's real time because they watch sockets.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = <Client>(subject: Subject<Client>): void => {
  describe(`${subject.name} conforms`, () => {
    for (const { name, run } of checks(subject)) it.live(name, () => run)
    const { sdk } = subject
    if (sdk === undefined) return
    // A process of its own finds it out.
    it("loads the SDK only when a client is made", ({ expect }) => {
      expect(sdkLoadedBy({ ...sdk, client: subject.name })).toStrictEqual([false, true])
    })
  })
}
