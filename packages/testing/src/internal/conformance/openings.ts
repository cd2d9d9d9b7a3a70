/**
 * How a conversation can begin before another provider goes on with it.
 */
import { Effect, Layer, Ref, Schema, Stream } from "effect"
import { LanguageModel, Prompt, type Response, Tool, Toolkit } from "effect/ai"

import * as Fault from "../../Fault.ts"
import * as Reply from "../../Reply.ts"
import { framesToText, type Trial } from "./trial.ts"

/** What goes on. */
export interface Opening {
  readonly name: string
  /** The conversation up to the request that another provider gets. */
  readonly begin: (trial: Trial) => Effect.Effect<Prompt.Prompt, unknown>
  /** What that request must hold, whoever it goes to. */
  readonly keeps: ReadonlyArray<string>
  /** What it must not hold. */
  readonly drops?: ReadonlyArray<string>
}

/** The tools that are at hand in every request. */
export const kit = Toolkit.make(
  Tool.make("weather", {
    // Descriptions are cut too.
    description: "The weather \ud83d",
    parameters: Schema.Struct({ city: Schema.String.annotate({ description: "A city \ud83d" }) }),
    success: Schema.String,
  }),
  Tool.make("population", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String }),
)

const handlers = Layer.fresh(
  kit.toLayer({
    weather: ({ city }) => Effect.succeed(`snow in ${city}`),
    population: ({ city }) => Effect.succeed(`many in ${city}`),
  }),
)

/** All parts of a streamed answer, up to where it breaks off. */
export const partsOf = (prompt: Prompt.RawInput) =>
  Effect.gen(function* () {
    const seen = yield* Ref.make<ReadonlyArray<Response.AnyPart>>([])
    yield* LanguageModel.streamText({ prompt, toolkit: kit }).pipe(
      Stream.runForEach((part) => Ref.update(seen, (parts) => [...parts, part])),
      Effect.ignore,
    )
    return yield* Ref.get(seen)
  }).pipe(Effect.provide(handlers))

const question = "How is Oslo?"
const user = (content: string): Prompt.MessageEncoded => ({ role: "user", content })

/** Asks, and adds what came to the conversation. */
const ask = (trial: Trial, prompt: Prompt.RawInput, reply: Reply.Reply): Effect.Effect<Prompt.Prompt, unknown> =>
  Effect.gen(function* () {
    yield* trial.script(reply)
    const parts = yield* trial.run(partsOf(prompt))
    return Prompt.concat(Prompt.make(prompt), Prompt.fromResponseParts([...parts]))
  })

/** The same with a whole answer, in which also reasoning is a part that was cut. */
const askWhole = (trial: Trial, prompt: Prompt.RawInput, reply: Reply.Reply): Effect.Effect<Prompt.Prompt, unknown> =>
  Effect.gen(function* () {
    yield* trial.script(reply)
    const answer = LanguageModel.generateText({ prompt, toolkit: kit }).pipe(Effect.provide(handlers))
    const { content } = yield* trial.run(answer)
    return Prompt.concat(Prompt.make(prompt), Prompt.fromResponseParts([...content]))
  })

const goOn = (begun: Effect.Effect<Prompt.Prompt, unknown>, ...more: ReadonlyArray<Prompt.MessageEncoded>) =>
  Effect.map(begun, (prompt) => Prompt.concat(prompt, [...more, user("go on")]))

const oslo = { name: "weather", params: { city: "Oslo" } }
const bergen = { name: "population", params: { city: "Bergen" } }

const usual: ReadonlyArray<Opening> = [
  {
    name: "text",
    begin: (trial) => goOn(ask(trial, question, Reply.text("It is fine."))),
    keeps: [question, "It is fine.", "go on"],
  },
  {
    name: "a call",
    begin: (trial) => ask(trial, question, Reply.answer({ toolCalls: [oslo] })),
    keeps: [question, "weather", "Oslo", "snow in Oslo"],
  },
  {
    name: "parallel calls after a text",
    begin: (trial) => ask(trial, question, Reply.answer({ text: "Let me see.", toolCalls: [oslo, bergen] })),
    keeps: ["Let me see.", "snow in Oslo", "many in Bergen"],
  },
  {
    name: "one call after another",
    begin: (trial) =>
      Effect.flatMap(ask(trial, question, Reply.answer({ toolCalls: [oslo] })), (prompt) =>
        ask(trial, prompt, Reply.answer({ toolCalls: [bergen] })),
      ),
    keeps: ["snow in Oslo", "many in Bergen"],
  },
  {
    name: "reasoning before a text",
    begin: (trial) => goOn(ask(trial, question, Reply.answer({ reasoning: "hmm, Norway", text: "It is fine." }))),
    keeps: ["It is fine.", "go on"],
  },
  {
    name: "reasoning before a call",
    begin: (trial) => ask(trial, question, Reply.answer({ reasoning: "hmm, Norway", toolCalls: [oslo] })),
    keeps: ["weather", "snow in Oslo"],
  },
]

const png = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10])
const image: Prompt.FilePartEncoded = { type: "file", mediaType: "image/png", data: png }
const report: Prompt.FilePartEncoded = { type: "file", mediaType: "application/pdf", data: "JVBERi0=" }

const rich: ReadonlyArray<Opening> = [
  {
    name: "an image and a file",
    begin: (trial) => goOn(ask(trial, [{ role: "user", content: [image, report] }], Reply.text("A fjord."))),
    keeps: ["iVBORw0KGgo=", "JVBERi0=", "A fjord."],
  },
  {
    name: "a system message in the middle",
    begin: (trial) =>
      Effect.map(
        goOn(ask(trial, [{ role: "system", content: "Be kind." }, user(question)], Reply.text("It is fine."))),
        (prompt) => Prompt.concat(prompt, [{ role: "system", content: "Be brief." }]),
      ),
    keeps: ["Be kind.", "It is fine.", "go on", "Be brief."],
  },
]

const cut: ReadonlyArray<Opening> = [
  {
    name: "an answer cut in its reasoning",
    begin: (trial) => goOn(askWhole(trial, question, Reply.answer({ reasoning: "hmm, Nor", finish: "length" }))),
    keeps: [question, "go on"],
    drops: ["hmm"],
  },
  {
    name: "a stream cut in its reasoning",
    begin: (trial) => goOn(ask(trial, question, Reply.answer({ reasoning: "hmm, Nor", finish: "length" }))),
    keeps: [question, "go on"],
    drops: ["hmm"],
  },
  {
    name: "an answer cut in its text",
    begin: (trial) =>
      goOn(ask(trial, question, Reply.answer({ reasoning: "hmm, Norway", text: "It is f ", finish: "length" }))),
    keeps: ["It is f ", "go on"],
  },
  {
    name: "a stream broken off in its text",
    begin: (trial) =>
      goOn(
        ask(
          trial,
          question,
          Reply.text("It is fine, and so on.").pipe(Fault.closeAfter(framesToText(trial.dialect) + 1)),
        ),
      ),
    keeps: [question, "It", "go on"],
  },
  {
    name: "an answer cut in the arguments of a call",
    begin: (trial) =>
      goOn(
        ask(
          trial,
          question,
          // Google sends arguments as a whole.
          trial.dialect === "google"
            ? Reply.answer({ text: "Let me see.", finish: "length" })
            : Reply.answer({
                text: "Let me see.",
                toolCalls: [{ name: "weather", params: '{"city":"Os' }],
                finish: "length",
              }),
        ),
      ),
    keeps: ["Let me see.", "go on"],
  },
  {
    name: "an answer cut after the results of its calls",
    begin: (trial) =>
      goOn(
        Effect.flatMap(ask(trial, question, Reply.answer({ toolCalls: [oslo] })), (prompt) =>
          askWhole(trial, prompt, Reply.answer({ reasoning: "hmm, Nor", finish: "length" })),
        ),
      ),
    keeps: ["snow in Oslo", "go on"],
    drops: ["hmm"],
  },
]

const foreignId = `functions.weather:0|${"x".repeat(80)}`

const called = (id: string, name: string, params: unknown): Prompt.MessageEncoded => ({
  role: "assistant",
  content: [{ type: "tool-call", id, name, params }],
})
const answered = (id: string, name: string, result: unknown): Prompt.MessageEncoded => ({
  role: "tool",
  content: [{ type: "tool-result", id, name, isFailure: false, result }],
})

const odd: ReadonlyArray<Opening> = [
  {
    name: "a call that was never carried out",
    begin: (trial) =>
      goOn(
        Effect.map(ask(trial, question, Reply.answer({ toolCalls: [oslo, bergen] })), ({ content }) =>
          Prompt.fromMessages(content.filter(({ role }) => role !== "tool")),
        ),
      ),
    keeps: ["weather", "population", "go on"],
  },
  {
    name: "a result that came late",
    begin: (trial) =>
      Effect.map(ask(trial, question, Reply.answer({ toolCalls: [oslo] })), ({ content }) =>
        Prompt.fromMessages([...content.slice(0, -1), ...Prompt.make("Hurry!").content, ...content.slice(-1)]),
      ),
    keeps: ["Hurry!", "snow in Oslo"],
  },
  {
    name: "ids that are used again, and ids, names and arguments of other servers",
    begin: (trial) =>
      goOn(
        ask(trial, question, Reply.text("It is fine.")),
        called("0", "weather", { city: "Oslo" }),
        answered("0", "weather", "snow"),
        called("0", "weather", { city: "Bergen" }),
        answered("0", "weather", "rain"),
        called(foreignId, "mcp:weather.now/2", "Tromsø"),
        answered(foreignId, "mcp:weather.now/2", "dark"),
      ),
    keeps: ["snow", "rain", "Tromsø", "dark"],
  },
  {
    name: "halves of surrogate pairs",
    begin: (trial) =>
      goOn(
        ask(trial, `${question} \ud83d`, Reply.text("It is fine.")),
        called("abc", "weather", { city: "Oslo \ud83d", "\ud83d": 1 }),
        answered("abc", "weather", { sky: "\ude00 snow" }),
      ),
    keeps: ["Oslo \ufffd", "\ufffd snow"],
  },
]

/** Every way in which a conversation begins. */
export const openings: ReadonlyArray<Opening> = [...usual, ...rich, ...cut, ...odd]
