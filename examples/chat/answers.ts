/** What the application does with a question: tools, as many steps as they take, and news of what happens to the call. */
import { Event, Failure } from "@holdfast/core"
import { type ChatServer } from "@holdfast/server"
import { Duration, Effect, Option, Queue, Schema, Stream } from "effect"
import { Chat, type LanguageModel, Prompt, Tool, Toolkit } from "effect/ai"

const Weather = Tool.make("weather", {
  description: "The weather of a city, now.",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Struct({ celsius: Schema.Finite, sky: Schema.String, wind: Schema.String }),
})

const toolkit = Toolkit.make(Weather)

const tools = toolkit.toLayer({
  weather: ({ city }) =>
    Effect.delay(
      Effect.succeed(
        city === "Bergen" ? { celsius: 6, sky: "rain", wind: "11 m/s" } : { celsius: 14, sky: "clear", wind: "3 m/s" },
      ),
      "400 millis",
    ),
})

const system = "You are a friendly harbour master. Answer in Markdown, and briefly."

/** A model that keeps calling tools would never end. */
const mostSteps = 4

/** Asks once more for as long as tools were called. */
const steps = (
  chat: Chat.Chat,
  left = mostSteps,
): Stream.Stream<ChatServer.Part, unknown, LanguageModel.LanguageModel> => {
  let called = false
  const step = chat.streamText({ prompt: [], toolkit }).pipe(
    Stream.tap((part) =>
      Effect.sync(() => {
        called ||= part.type === "tool-result"
      }),
    ),
    Stream.provide(tools),
  ) as Stream.Stream<ChatServer.Part, unknown, LanguageModel.LanguageModel>
  return Stream.concat(
    step,
    Stream.suspend(() => (called && left > 1 ? steps(chat, left - 1) : Stream.empty)),
  )
}

/** What the page shows of a call that does not go as it should. */
const newsOf = (event: Event.Event): Option.Option<string> => {
  switch (event._tag) {
    case "FallbackChosen":
      return Option.some(
        `${event.from.model} failed (${Failure.messageOf(event.error)}), so ${event.to.model} answers.`,
      )
    case "RetryScheduled":
      return Option.some(`Retrying ${event.model} in ${Duration.format(event.delay)}.`)
    default:
      return Option.none()
  }
}

export const answers: ChatServer.Answer<unknown, LanguageModel.LanguageModel> = ({ messages }) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const chat = yield* Chat.fromPrompt(Prompt.setSystem(Prompt.fromMessages(messages), system))
      const news = yield* Queue.unbounded<ChatServer.Part>()
      const tell = (event: Event.Event) => {
        const text = newsOf(event)
        if (Option.isSome(text)) Queue.offerUnsafe(news, { type: "data", name: "news", data: text.value })
      }
      return Stream.merge(Stream.fromQueue(news), Event.listen(steps(chat), tell), { haltStrategy: "right" })
    }),
  )
