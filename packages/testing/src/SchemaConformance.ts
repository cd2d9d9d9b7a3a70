/**
 * Schemas of answers and tools, as a suite of tests: what is described to a model is what is decoded, or is refused before
 * any request.
 *
 * **When to use**
 *
 * In the tests of a provider of your own.
 *
 * **Details**
 *
 * The suite is a module of its own, `@holdfast/testing/SchemaConformance`, and not part of the package's index, because it
 * needs `vitest` and `@effect/vitest`. The emulator plays a model that is held to the JSON schema that it was sent, and the
 * value has to come back as it was: from `generateObject`, and in the handler of a tool, whose result goes back too.
 *
 * **Example** (What is tried)
 *
 * ```ts
 * import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
 * import * as SchemaConformance from "@holdfast/testing/SchemaConformance"
 *
 * const checks = SchemaConformance.checks({
 *   name: "OpenAI",
 *   dialect: "openai-responses",
 *   model: OpenAiLanguageModel.model("gpt-6.1-terra"),
 *   client: ({ apiKey, baseUrl }) => OpenAiClient.layer({ apiKey, apiUrl: baseUrl }),
 * })
 *
 * checks.map(({ feature }) => feature).includes("`Date`") // => true
 * ```
 *
 * @since 0.1.0
 */
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"

import * as Emulator from "./Emulator.ts"
import { features as all } from "./internal/conformance/features.ts"
import { type Outcome, type Place, tried } from "./internal/conformance/schemaTrial.ts"
import { type Tested } from "./internal/conformance/trial.ts"

export type { Outcome, Place } from "./internal/conformance/schemaTrial.ts"

/**
 * The provider under test.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subject<R> extends Pick<Tested<R>, "dialect" | "model" | "client"> {
  readonly name: string
  /** What it refuses, such as `recursion` of an `answer`. */
  readonly refuses?: Readonly<Record<Place, ReadonlyArray<string>>>
}

/**
 * One feature of schemas in one place.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check {
  readonly name: string
  readonly feature: string
  readonly place: Place
  /** Runs with an emulator, which all checks may share. Says whether the feature works, or is refused before a request. */
  readonly run: Effect.Effect<Outcome, unknown, Emulator.Emulator>
}

/**
 * The names of all that is tried.
 *
 * @since 0.1.0
 * @category getters
 */
export const features: ReadonlyArray<string> = all.map(({ name }) => name)

/**
 * The checks as effects, for other test runners.
 *
 * @since 0.1.0
 * @category constructors
 */
export const checks = <R>(subject: Subject<R>): ReadonlyArray<Check> =>
  all.flatMap((feature) =>
    (["answer", "tool"] as const).map((place) => ({
      name: `${feature.name} in ${place === "answer" ? "an answer" : "a tool"}`,
      feature: feature.name,
      place,
      run: tried({ subject, feature, place }),
    })),
  )

/**
 * Registers the checks as tests of `vitest`, in the clock's real time because they use sockets.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = <R>(subject: Subject<R>): void => {
  describe(`${subject.name} takes schemas`, () => {
    layer(Emulator.layer(), { excludeTestServices: true })((it) => {
      for (const { feature, name, place, run } of checks(subject)) {
        const expected = subject.refuses?.[place].includes(feature) === true
        it.effect(name, () =>
          Effect.map(run, ({ refused }) => assert.strictEqual(refused !== undefined, expected, refused)),
        )
      }
    })
  })
}
