import { assert } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import { LanguageModel, Prompt, Tool, Toolkit } from "effect/ai"

import * as Reply from "../../Reply.ts"
import {
  type AnyPart,
  type Check,
  check,
  finishOf,
  inBothModes,
  meaningOf,
  type Mode,
  type Trial,
  textOf,
} from "./trial.ts"
import { wireOf } from "./wire.ts"

const place = {
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Struct({ value: Schema.Number }),
}

const kit = Toolkit.make(
  Tool.make("weather", { description: "The weather of a city", ...place }),
  Tool.make("population", { description: "How many people live in a city", ...place }),
  Tool.make("founded", { description: "The year in which a city was founded", ...place }),
)

type Choice = LanguageModel.ToolChoice<"weather" | "population" | "founded">

/** Handlers that write down how they were called, and answer with how often that was. */
const handlers = (called: Array<string>) =>
  kit.toLayer({
    weather: ({ city }) => Effect.sync(() => ({ value: called.push(`weather ${city}`) })),
    population: ({ city }) => Effect.sync(() => ({ value: called.push(`population ${city}`) })),
    founded: ({ city }) => Effect.sync(() => ({ value: called.push(`founded ${city}`) })),
  })

/** Asks with the tools at hand. */
export const askWithTools = (mode: Mode, called: Array<string>, options: { readonly toolChoice?: Choice } = {}) => {
  const question = { prompt: "How is Oslo?", toolkit: kit, ...options }
  const answer =
    mode === "generate"
      ? Effect.map(LanguageModel.generateText(question), ({ content }): ReadonlyArray<AnyPart> => content)
      : Stream.runCollect(LanguageModel.streamText(question))
  return Effect.provide(answer, Layer.fresh(handlers(called)))
}

const choices: ReadonlyArray<readonly [name: string, choice: Choice, sent: string, tools: number]> = [
  ["auto", "auto", "auto", 3],
  ["required", "required", "required", 3],
  ["one tool", { tool: "population" }, "tool:population", 3],
  ["one of several", { oneOf: ["weather", "founded"] }, "auto", 2],
  ["one of several, required", { mode: "required", oneOf: ["weather", "founded"] }, "required", 2],
]

const refused = (trial: Trial, mode: Mode, toolChoice: Choice) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(trial.run(askWithTools(mode, [], { toolChoice })))
    assert.deepStrictEqual(meaningOf(error), ["UnsupportedOption", "ignored"])
    assert.lengthOf(yield* trial.bodies, 0)
  })

const sends = (trial: Trial, mode: Mode, [, toolChoice, sent, tools]: (typeof choices)[number]) =>
  Effect.gen(function* () {
    yield* trial.run(askWithTools(mode, [], { toolChoice }))
    const wire = wireOf(trial.dialect)
    const [body] = yield* trial.bodies
    assert.strictEqual(wire.toolChoice(body), sent)
    const names = wire.tools(body)
    assert.lengthOf(names, tools)
    if (tools === 2) assert.sameMembers([...names], ["weather", "founded"])
  })

const everyChoice = choices.flatMap((choice) =>
  inBothModes(`sends the tool choice: ${choice[0]}`, (trial, mode) =>
    choice[2] === "auto" || trial.capabilities.forcedTools
      ? sends(trial, mode, choice)
      : refused(trial, mode, choice[1]),
  ),
)

const noTool = inBothModes("sends the tool choice: none", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.run(askWithTools(mode, [], { toolChoice: "none" }))
    const wire = wireOf(trial.dialect)
    const [body] = yield* trial.bodies
    // A provider may as well leave out the tools.
    if (wire.tools(body).length > 0) assert.strictEqual(wire.toolChoice(body), "none")
  }),
)

const twoCalls = Reply.answer({
  text: "Let me see.",
  toolCalls: [
    { id: "call_a", name: "weather", params: { city: "Oslo" } },
    { id: "call_b", name: "population", params: { city: "Bærum" } },
  ],
})

const handled = inBothModes("calls each handler once and sends the results back", (trial, mode) =>
  Effect.gen(function* () {
    const called: Array<string> = []
    yield* trial.script(twoCalls, Reply.text("fine"))
    const parts = yield* trial.run(askWithTools(mode, called))
    assert.sameMembers(called, ["weather Oslo", "population Bærum"])
    assert.strictEqual(finishOf(parts)?.reason, "tool-calls")
    assert.strictEqual(textOf(parts), "Let me see.")
    const history = Prompt.concat(Prompt.make("How is Oslo?"), Prompt.fromResponseParts([...parts]))
    const next = yield* trial.ask(mode, { prompt: history })
    assert.strictEqual(textOf(next), "fine")
    const sent = JSON.stringify((yield* trial.bodies)[1]).replaceAll("\\", "")
    for (const expected of ["Oslo", "Bærum", '"value":1', '"value":2']) assert.include(sent, expected)
  }),
)

const signed = inBothModes("sends signed reasoning back with the results of its calls", (trial, mode) =>
  Effect.gen(function* () {
    // Chat Completions knows no signatures.
    if (!trial.capabilities.reasoning || trial.dialect === "openai-chat") return
    const signature = "c2lnbmVkLWJ5LXRoZS12ZW5kb3I="
    const toolCalls = [{ id: "call_a", name: "weather", params: { city: "Oslo" } }]
    yield* trial.script(Reply.answer({ reasoning: "let me think", signature, toolCalls }), Reply.text("fine"))
    const parts = yield* trial.run(askWithTools(mode, []))
    const history = Prompt.concat(Prompt.make("How is Oslo?"), Prompt.fromResponseParts([...parts]))
    yield* trial.ask(mode, { prompt: history })
    assert.include(JSON.stringify((yield* trial.bodies)[1]), signature)
  }),
)

/** The arguments of each call as they streamed. */
const streamed = (parts: ReadonlyArray<AnyPart>): ReadonlyArray<unknown> => {
  const gathered = new Map<string, string>()
  for (const part of parts) {
    if (part.type === "tool-params-start") gathered.set(part.id, "")
    else if (part.type === "tool-params-delta")
      gathered.set(part.id, `${gathered.get(part.id) ?? "never started"}${part.delta}`)
  }
  return [...gathered.values()].map((json): unknown => JSON.parse(json))
}

const inPieces = check("streams the arguments of calls", (trial) =>
  Effect.gen(function* () {
    yield* trial.script(twoCalls)
    const parts = yield* trial.run(askWithTools("stream", []))
    assert.deepStrictEqual(streamed(parts), [{ city: "Oslo" }, { city: "Bærum" }])
    const calls = parts.flatMap((part) => (part.type === "tool-call" ? [part] : []))
    const announced = parts.flatMap((part) => (part.type === "tool-params-start" ? [[part.id, part.name]] : []))
    assert.deepStrictEqual(
      calls.map(({ id, name }) => [id, name]),
      announced,
    )
  }),
)

const parameterless = inBothModes("reads a call without arguments", (trial, mode) =>
  Effect.gen(function* () {
    const clock = Toolkit.make(Tool.make("clock", { success: Schema.String }))
    yield* trial.script(Reply.answer({ toolCalls: [{ name: "clock", params: {} }] }))
    const question = { prompt: "What time is it?", toolkit: clock }
    const answer =
      mode === "generate"
        ? Effect.map(LanguageModel.generateText(question), ({ content }): ReadonlyArray<AnyPart> => content)
        : Stream.runCollect(LanguageModel.streamText(question))
    const parts = yield* trial.run(Effect.provide(answer, clock.toLayer({ clock: () => Effect.succeed("noon") })))
    assert.deepStrictEqual(
      parts.flatMap((part) => (part.type === "tool-result" ? [part.result] : [])),
      ["noon"],
    )
  }),
)

/** Calls of tools. */
export const tools: ReadonlyArray<Check> = [
  ...everyChoice,
  ...noTool,
  ...handled,
  ...signed,
  inPieces,
  ...parameterless,
]
