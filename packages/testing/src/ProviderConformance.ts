/**
 * What every provider must do, as one suite of tests that runs against the emulator.
 *
 * **When to use**
 *
 * In the tests of a provider: Holdfast's own run it, and a provider of your own should.
 *
 * **Details**
 *
 * The suite is a module of its own, `@holdfast/testing/ProviderConformance`, and not part of the package's index,
 * because it needs `vitest` and `@effect/vitest`. Every check starts an emulator for itself, so that they do not see
 * each other's requests. What is sent is read from the wire, what comes back is read from the parts, the errors and the
 * events of the attempts; the provider's own types are not looked at.
 *
 * **Example** (A provider's conformance test)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
 * import * as ProviderConformance from "@holdfast/testing/ProviderConformance"
 *
 * const subject: ProviderConformance.Subject<OpenAiClient.OpenAiClient> = {
 *   name: "OpenAI Responses",
 *   dialect: "openai-responses",
 *   model: OpenAiLanguageModel.model("gpt-6.1-terra"),
 *   client: ({ apiKey, baseUrl }) => OpenAiClient.layer({ apiKey, apiUrl: baseUrl }),
 * }
 *
 * // In a test file: ProviderConformance.suite(subject)
 * ResilientModel.describe(subject.model).settings["model"] // => "gpt-6.1-terra"
 * ```
 *
 * @since 0.1.0
 */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Emulator from "./Emulator.ts"
import { answers } from "./internal/conformance/answers.ts"
import { attempts } from "./internal/conformance/attempts.ts"
import { bodies } from "./internal/conformance/bodies.ts"
import { connections } from "./internal/conformance/connections.ts"
import { failures } from "./internal/conformance/failures.ts"
import { habits } from "./internal/conformance/habits.ts"
import { interruptions } from "./internal/conformance/interruptions.ts"
import { structured } from "./internal/conformance/structured.ts"
import { tools } from "./internal/conformance/tools.ts"
import { type Capabilities, type Check as Unbound, open, type Tested } from "./internal/conformance/trial.ts"

export type { Capabilities, Connection, Overrides } from "./internal/conformance/trial.ts"

/**
 * The provider under test.
 *
 * **Details**
 *
 * `model` is the model as an application would use it, `client` what it needs, connected with the emulator. They are
 * apart because the suite pipes policies onto the model.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subject<R> extends Tested<R> {
  readonly name: string
  /** The groups that are tested. All are unless said otherwise. */
  readonly groups?: ReadonlyArray<Group> | undefined
  /** What this model cannot do. Everything is expected unless said otherwise. */
  readonly capabilities?: Partial<Capabilities>
}

/**
 * One thing that every provider must do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check {
  readonly name: string
  readonly run: Effect.Effect<void, unknown>
}

/**
 * What the checks are about.
 *
 * @since 0.1.0
 * @category models
 */
export type Group =
  | "answers"
  | "tools"
  | "structured answers"
  | "failures"
  | "connections"
  | "bodies"
  | "habits"
  | "interruptions"
  | "attempts"

const groups: ReadonlyArray<readonly [name: Group, checks: ReadonlyArray<Unbound>]> = [
  ["answers", answers],
  ["tools", tools],
  ["structured answers", structured],
  ["failures", failures],
  ["connections", connections],
  ["bodies", bodies],
  ["habits", habits],
  ["interruptions", interruptions],
  ["attempts", attempts],
]

const everything: Capabilities = { reasoning: true, images: true, imageUrls: true, forcedTools: true, jsonSchema: true }

const groupsOf = <R>({ groups: wanted }: Subject<R>) =>
  groups.filter(([name]) => wanted === undefined || wanted.includes(name))

const bind = <R>(subject: Subject<R>, { name, run }: Unbound): Check => ({
  name,
  run: open(subject, { ...everything, ...subject.capabilities }).pipe(
    Effect.flatMap(run),
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
export const checks = <R>(subject: Subject<R>): ReadonlyArray<Check> =>
  groupsOf(subject).flatMap(([, members]) => members.map((member) => bind(subject, member)))

/**
 * Registers the checks as tests of `vitest`, in the clock's real time because they watch sockets.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = <R>(subject: Subject<R>): void => {
  // Many checks wait for a clock or a socket, and each has an emulator of its own.
  describe(`${subject.name} conforms`, { concurrent: true }, () => {
    for (const [group, members] of groupsOf(subject)) {
      describe(`on ${group}`, () => {
        for (const { name, run } of members.map((member) => bind(subject, member))) it.live(name, () => run)
      })
    }
  })
}
