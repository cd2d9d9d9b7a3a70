/**
 * Conversations that move between providers, as a suite of tests: each is begun at one provider and gone on with at
 * another, against an emulator that holds to the rules of each about the shape of a history.
 *
 * **When to use**
 *
 * In the tests of a provider of your own, together with those that its conversations come from or go to.
 *
 * **Details**
 *
 * The suite is a module of its own, `@holdfast/testing/ConversationConformance`, and not part of the package's index,
 * because it needs `vitest` and `@effect/vitest`. There is one test for each way from one participant to another, itself
 * included: it begins in text, calls, reasoning, images, files, answers that were cut and histories that are out of
 * order, and goes on. Another one goes the same way by `Fallback.to` in the middle of a tool loop, and back.
 *
 * **Example** (A provider, and one that may take over)
 *
 * ```ts
 * import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
 * import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
 * import * as ConversationConformance from "@holdfast/testing/ConversationConformance"
 *
 * const openai = ConversationConformance.participant({
 *   name: "OpenAI",
 *   dialect: "openai-responses",
 *   model: OpenAiLanguageModel.model("gpt-6.1-terra"),
 *   client: ({ apiKey, baseUrl }) => OpenAiClient.layer({ apiKey, apiUrl: baseUrl }),
 * })
 * const anthropic = ConversationConformance.participant({
 *   name: "Anthropic",
 *   dialect: "anthropic",
 *   model: AnthropicLanguageModel.model("claude-opus-5-5"),
 *   client: ({ apiKey, baseUrl }) => AnthropicClient.layer({ apiKey, apiUrl: baseUrl }),
 * })
 *
 * ConversationConformance.checks([openai, anthropic]).length // => 8
 * ```
 *
 * @since 0.1.0
 */
import { describe, layer } from "@effect/vitest"
import { Effect } from "effect"

import * as Emulator from "./Emulator.ts"
import {
  allMove,
  type Outcome,
  type Participant as One,
  type Subject,
  throughFallback,
} from "./internal/conformance/moves.ts"

export type { Outcome, Subject } from "./internal/conformance/moves.ts"

/**
 * A provider that takes part, whatever its client needs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Participant extends One {}

/**
 * Lets a provider take part.
 *
 * @since 0.1.0
 * @category constructors
 */
export const participant = <R>(subject: Subject<R>): Participant => ({ name: subject.name, use: (f) => f(subject) })

/**
 * One way from a participant to another.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check {
  readonly name: string
  readonly from: string
  readonly to: string
  /** Runs with a strict emulator, which all checks may share. Gives what became of each conversation. */
  readonly run: Effect.Effect<ReadonlyArray<Outcome>, unknown, Emulator.Emulator>
}

/**
 * The checks as effects, for other test runners.
 *
 * @since 0.1.0
 * @category constructors
 */
export const checks = (participants: ReadonlyArray<Participant>): ReadonlyArray<Check> =>
  participants.flatMap((first) =>
    participants.flatMap((second) => {
      const way = { from: first.name, to: second.name }
      const name = `from ${way.from} to ${way.to}`
      return [
        { ...way, name, run: allMove(first, second) },
        { ...way, name: `${name} by a fallback, and back`, run: Effect.as(throughFallback(first, second), []) },
      ]
    }),
  )

/**
 * Registers the checks as tests of `vitest`, in the clock's real time because they use sockets.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = (participants: ReadonlyArray<Participant>): void => {
  describe("a conversation goes on", () => {
    layer(Emulator.layer({ strict: true }), { excludeTestServices: true })((it) => {
      for (const { name, run } of checks(participants)) it.effect(name, () => run)
    })
  })
}
