/**
 * Third act: many prompts at once while the providers misbehave, and what it took to answer them.
 */
import { Event, Failure, ResilientModel } from "@holdfast/core"
import { Effect, Schema, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import { Providers } from "./providers.ts"
import { Tally } from "./tally.ts"
import { line, progress, table, title } from "./terminal.ts"

/** Too many prompts went unanswered. */
class TooManyFailures extends Schema.TaggedError<TooManyFailures>()("TooManyFailures", {
  answered: Schema.Int,
  prompts: Schema.Int,
}) {
  override get message(): string {
    return `only ${this.answered} of ${this.prompts} prompts were answered`
  }
}

const concurrency = 16

/** Every second answer is streamed. */
const ask = (prompt: string, index: number) =>
  index % 2 === 0
    ? Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text)
    : LanguageModel.streamText({ prompt }).pipe(
        Stream.filter((part) => part.type === "text-delta"),
        Stream.runFold(
          () => "",
          (text, { delta }) => text + delta,
        ),
      )

export const bulk = Effect.gen(function* () {
  const { model, prompts, question, stage } = yield* Providers
  yield* title(`3  ${prompts} prompts, ${concurrency} at a time`)
  yield* stage("bulk")
  const tally = new Tally()
  const failures = new Map<string, number>()
  let answered = 0
  yield* Effect.forEach(
    Array.from({ length: prompts }, (_, index) => `${question} (answer ${index + 1})`),
    (prompt, index) =>
      ask(prompt, index).pipe(
        Effect.match({
          onSuccess: () => void answered++,
          onFailure: (error) => void failures.set(Failure.tagOf(error), (failures.get(Failure.tagOf(error)) ?? 0) + 1),
        }),
        Effect.andThen(
          Effect.suspend(() => {
            const failed = [...failures.values()].reduce((total, count) => total + count, 0)
            return progress(answered + failed, prompts, `${answered} answered, ${failed} failed`)
          }),
        ),
      ),
    { concurrency, discard: true },
  ).pipe(Event.listen(tally.sink), ResilientModel.provide(model))
  yield* line()
  yield* table(tally.table())
  yield* line()
  for (const text of tally.failures()) yield* line(`  failed attempts of ${text}`)
  const lost = [...failures].map(([tag, count]) => `${count} ${tag}`)
  yield* line(`\n  ${answered} of ${prompts} prompts were answered${lost.length === 0 ? "" : `; ${lost.join(", ")}`}`)
  if (lost.length > 0)
    yield* line("  an answer that has begun is never repeated, so a cut in its middle is a failure of the call")
  if (answered < prompts * 0.9) return yield* new TooManyFailures({ answered, prompts })
})
