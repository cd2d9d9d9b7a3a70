/**
 * First act: a streamed answer, token by token, with every attempt, wait and fallback as it happens.
 */
import { Event, ResilientModel } from "@holdfast/core"
import { Clock, Duration, Effect, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import { Providers } from "./providers.ts"
import { dim, green, line, red, title, write } from "./terminal.ts"

const marks: Readonly<Record<string, string>> = {
  AttemptStarted: "→",
  RetryScheduled: "↻",
  FallbackChosen: "⇒",
  HedgeStarted: "⇉",
}

/** A line about an event, as it happens. */
export const narrate = (event: Event.Event): void => {
  const failed = event._tag === "AttemptEnded" && event.outcome._tag !== "Completed"
  const text = `  ${marks[event._tag] ?? "·"} ${Event.summary(event)}`
  Effect.runSync(line(failed ? red(text) : dim(text)))
}

export const streaming = Effect.gen(function* () {
  const { model, question, stage } = yield* Providers
  yield* title(`1  "${question}", streamed`)
  yield* stage("streaming")
  const began = yield* Clock.currentTimeMillis
  let firstPart: number | undefined
  // What happens after the answer has begun is told below its text.
  const afterwards: Array<Event.Event> = []
  yield* LanguageModel.streamText({ prompt: question }).pipe(
    Stream.filter((part) => part.type === "text-delta"),
    Stream.runForEach(
      Effect.fnUntraced(function* ({ delta }) {
        if (firstPart === undefined) yield* write("\n  ")
        firstPart ??= yield* Clock.currentTimeMillis
        yield* write(green(delta))
      }),
    ),
    Effect.ensuring(line("\n")),
    Event.listen((event) => (firstPart === undefined ? narrate(event) : void afterwards.push(event))),
    ResilientModel.provide(model),
  )
  afterwards.forEach(narrate)
  if (firstPart !== undefined) {
    yield* line(
      `  first token after ${Duration.format(Duration.millis(firstPart - began))}, waits and fallbacks included`,
    )
  }
})
