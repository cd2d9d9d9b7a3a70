import { type Attempt, Event } from "@holdfast/core"
import { Effect, Stream } from "effect"
import { LanguageModel } from "effect/ai"

export const generate = LanguageModel.generateText({ prompt: "hi" })

export const streamed = Stream.runCollect(LanguageModel.streamText({ prompt: "hi" }))

/** The pieces of a streamed text. */
export const deltas = LanguageModel.streamText({ prompt: "hi" }).pipe(
  Stream.filter((part) => part.type === "text-delta"),
  Stream.map(({ delta }) => delta),
)

/** Attempts that ended while an effect ran. */
export const attemptsOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const ended: Array<Attempt.Attempt> = []
    const sink: Event.Sink = (event) => {
      if (event._tag === "AttemptEnded") ended.push(event)
    }
    return Effect.map(Effect.exit(Event.listen(self, sink)), (exit) => ({ exit, ended }))
  })
