/**
 * What every policy must do, as one suite of tests that runs on a model which fails, hangs and breaks on demand.
 *
 * **When to use**
 *
 * In the tests of a policy: Holdfast's own run it, and a policy of your own should.
 *
 * **Details**
 *
 * The suite is a module of its own, `@holdfast/testing/PolicyConformance`, and not part of the package's index, because
 * it needs `vitest` and `@effect/vitest`. Each check makes the policy anew and runs by a clock of its own, so no real time
 * passes. In the model beneath, the first part of an answer takes 2 milliseconds, a late one 6.
 *
 * **Example** (A policy's conformance test)
 *
 * ```ts
 * // file: limit.test.ts
 * import { Concurrency } from "@holdfast/core"
 * import * as PolicyConformance from "@holdfast/testing/PolicyConformance"
 *
 * PolicyConformance.suite({
 *   name: "Concurrency.limit",
 *   policy: (model) => model.pipe(Concurrency.limit(1, { queue: 0 })),
 *   remembers: true,
 *   refusal: "ConcurrencyLimited",
 * })
 * ```
 *
 * @since 0.1.0
 */
import { describe, it } from "@effect/vitest"
import { type Effect } from "effect"

import { carried } from "./internal/policyConformance/carried.ts"
import { identity } from "./internal/policyConformance/identity.ts"
import { listening } from "./internal/policyConformance/listening.ts"
import { memory } from "./internal/policyConformance/memory.ts"
import { openings } from "./internal/policyConformance/openings.ts"
import { releases } from "./internal/policyConformance/releases.ts"
import { bound, type Check as Unbound, type Tested } from "./internal/policyConformance/trial.ts"

/**
 * The policy under test.
 *
 * **Details**
 *
 * What it needs is connected with it (`ResilientModel.connect`). Give it options so small that a few calls meet its
 * limits: 8 at the same time, 4 that fail in a row, 2 that never begin.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subject extends Tested {
  readonly name: string
}

/**
 * One thing that every policy must do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check {
  readonly name: string
  readonly run: Effect.Effect<void, unknown>
}

const groups: ReadonlyArray<readonly [name: string, checks: ReadonlyArray<Unbound>]> = [
  ["what it holds", releases],
  ["what it says of its call", identity],
  ["what a call carries", carried],
  ["how often it asks", openings],
  ["what it remembers", memory],
  ["events", listening],
]

const bind = (subject: Subject, check: Unbound): Check => ({ name: check.name, run: bound(check, subject) })

/**
 * The checks as effects, for other test runners.
 *
 * @since 0.1.0
 * @category constructors
 */
export const checks = (subject: Subject): ReadonlyArray<Check> =>
  groups.flatMap(([, members]) => members.map((member) => bind(subject, member)))

/**
 * Registers the checks as tests of `vitest`.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = (subject: Subject): void => {
  describe(`${subject.name} conforms`, () => {
    for (const [group, members] of groups) {
      describe(`on ${group}`, () => {
        for (const { name, run } of members.map((member) => bind(subject, member))) it.live(name, () => run)
      })
    }
  })
}
