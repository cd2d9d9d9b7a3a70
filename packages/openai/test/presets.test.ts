import { assert, describe, it } from "@effect/vitest"
import { Emulator, Reply } from "@holdfast/testing"
import * as ClientConformance from "@holdfast/testing/ClientConformance"
import { Effect, Exit, Layer, Redacted, Schema } from "effect"
import { LanguageModel, Tool, Toolkit } from "effect/ai"

import type * as OpenAiClient from "../src/OpenAiClient.ts"
import * as OpenAiCompatible from "../src/OpenAiCompatible.ts"

type Preset = OpenAiCompatible.Preset

const presets: ReadonlyArray<Preset> = [
  OpenAiCompatible.alibaba,
  OpenAiCompatible.cerebras,
  OpenAiCompatible.deepseek,
  OpenAiCompatible.fireworks,
  OpenAiCompatible.groq,
  OpenAiCompatible.llamaCpp,
  OpenAiCompatible.lmStudio,
  OpenAiCompatible.mistral,
  OpenAiCompatible.moonshot,
  OpenAiCompatible.ollama,
  OpenAiCompatible.openrouter,
  OpenAiCompatible.perplexity,
  OpenAiCompatible.sglang,
  OpenAiCompatible.together,
  OpenAiCompatible.vllm,
  OpenAiCompatible.xai,
  OpenAiCompatible.zai,
] as ReadonlyArray<unknown> as ReadonlyArray<Preset>

const body: OpenAiClient.ChatBody = { model: "m", messages: [{ role: "user", content: "hi" }] }

const subjectOf = (preset: Preset): ClientConformance.Subject<OpenAiClient.Service> => ({
  name: "OpenAiCompatible",
  dialect: "openai-chat",
  make: (options) =>
    Effect.provide(Effect.service(OpenAiCompatible.client(preset)), OpenAiCompatible.layer(preset, options)),
  once: ({ chat }) => chat.once(body),
  open: ({ chat }) => chat.open(body),
  use: ({ use }) =>
    use((sdk, signal) =>
      sdk.chat.completions.create(body, { signal }).then(({ choices }) => choices[0]?.message.content),
    ),
  configured:
    preset.apiKeyName === undefined
      ? undefined
      : {
          variable: preset.apiKeyName,
          read: Effect.provide(
            Effect.map(Effect.service(OpenAiCompatible.client(preset)), ({ apiUrl, provider }) => [apiUrl, provider]),
            OpenAiCompatible.layerConfig(preset),
          ),
          expected: [preset.apiUrl, preset.provider],
        },
  environment: { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: "http://127.0.0.1:1", OPENAI_ORG_ID: "org-env" },
  sent: { key: "authorization", headers: { "openai-organization": undefined }, path: "/openai/v1/chat/completions" },
})

// What belongs to the client and not to the preset is tried with one.
const ofClient = /^(?:goes on|lets the refusal|writes nothing|uses the fetch|waits longer|asks for)/

describe.each(presets)("$provider", (preset) => {
  for (const { name, run } of ClientConformance.checks(subjectOf(preset))) {
    if (!ofClient.test(name) || preset.provider === "vllm") it.live(name, () => run)
  }
})

/** A model of a preset, and what it sends and gives. */
const trial = Effect.fnUntraced(function* <A, E>(
  preset: Preset,
  program: Effect.Effect<A, E, LanguageModel.LanguageModel>,
  options: { readonly settings?: OpenAiCompatible.Settings; readonly answer?: object } = {},
) {
  const emulator = yield* Emulator.Emulator
  yield* emulator.reset
  if (options.answer !== undefined)
    yield* emulator.script(
      "openai-chat",
      Reply.raw({ status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(options.answer) }),
    )
  const client = OpenAiCompatible.layer(preset, { apiKey: Redacted.make("k"), apiUrl: emulator.baseUrl("openai-chat") })
  const exit = yield* Effect.exit(
    Effect.provide(program, Layer.provide(OpenAiCompatible.model(preset, "m", options.settings), client)),
  )
  const [request] = yield* emulator.requests
  return { exit, sent: request?.body as Readonly<Record<string, unknown>> | undefined }
})

const Weather = Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })
const Time = Tool.make("time", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })
const one = Toolkit.make(Weather)
const two = Toolkit.make(Weather, Time)

const calling = (
  toolkit: typeof one | typeof two,
  toolChoice: "auto" | "none" | "required" | { readonly tool: "weather" },
) =>
  LanguageModel.generateText({
    prompt: "hi",
    toolkit: Effect.provide(
      toolkit as typeof two,
      (toolkit as typeof two).toLayer({
        weather: () => Effect.succeed("fine"),
        time: () => Effect.succeed("late"),
      } as never),
    ) as never,
    toolChoice: toolChoice as never,
  })

const namesOf = (sent: Readonly<Record<string, unknown>> | undefined) =>
  (sent?.["tools"] as ReadonlyArray<{ function: { name: string } }> | undefined)?.map((tool) => tool.function.name)

const named = { type: "function", function: { name: "weather" } }

describe("tools", () => {
  const choices: ReadonlyArray<
    readonly [
      Preset,
      typeof one | typeof two,
      Parameters<typeof calling>[1],
      unknown,
      ReadonlyArray<string> | undefined,
    ]
  > = [
    [OpenAiCompatible.sglang, two, { tool: "weather" }, named, ["weather", "time"]],
    [OpenAiCompatible.sglang, two, "required", "required", ["weather", "time"]],
    [OpenAiCompatible.lmStudio, two, { tool: "weather" }, "required", ["weather"]],
    [OpenAiCompatible.llamaCpp, two, { tool: "weather" }, "required", ["weather"]],
    [OpenAiCompatible.llamaCpp, two, "auto", "auto", ["weather", "time"]],
    [OpenAiCompatible.alibaba, one, "required", named, ["weather"]],
    [OpenAiCompatible.alibaba, two, "auto", "auto", ["weather", "time"]],
    [OpenAiCompatible.alibaba, two, { tool: "weather" }, named, ["weather", "time"]],
    [OpenAiCompatible.zai, two, "none", undefined, undefined],
  ]

  it.live("are chosen in the words that a server knows", () =>
    Effect.gen(function* () {
      for (const [preset, toolkit, choice, expected, names] of choices) {
        const { sent } = yield* trial(preset, calling(toolkit, choice))
        const said = `${preset.provider} ${JSON.stringify(choice)}`
        assert.deepStrictEqual(sent?.["tool_choice"], expected, said)
        assert.deepStrictEqual(namesOf(sent), names, said)
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("are refused where a server cannot do what is asked", () =>
    Effect.gen(function* () {
      const refused: ReadonlyArray<readonly [Preset, Parameters<typeof calling>[1], string]> = [
        [OpenAiCompatible.alibaba, "required", "toolChoice"],
        [OpenAiCompatible.zai, "required", "toolChoice"],
        [OpenAiCompatible.zai, { tool: "weather" }, "toolChoice"],
        [OpenAiCompatible.perplexity, "auto", "toolkit"],
      ]
      for (const [preset, choice, option] of refused) {
        const { exit, sent } = yield* trial(preset, calling(two, choice))
        assert.isUndefined(sent)
        assert.include(JSON.stringify(exit), `does not take \\"${option}\\"`)
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

describe("settings", () => {
  it.live("have the names of the server, or are refused", () =>
    Effect.gen(function* () {
      for (const preset of presets) {
        const { sent } = yield* trial(preset, LanguageModel.generateText({ prompt: "hi" }), {
          settings: { maxOutputTokens: 7 },
        })
        assert.strictEqual(sent?.[preset.maxTokensField], 7, preset.provider)
        for (const option of ["metadata", "store", "stop", "frequencyPenalty", "promptCacheKey"] as const) {
          const value = { metadata: { a: "b" }, store: true, stop: ["x"], frequencyPenalty: 1, promptCacheKey: "k" }[
            option
          ]
          const asked = yield* trial(preset, LanguageModel.generateText({ prompt: "hi" }), {
            settings: { [option]: value },
          })
          assert.strictEqual(asked.sent === undefined, option in preset.unsupported, `${preset.provider} ${option}`)
        }
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

const Answer = Schema.Struct({ city: Schema.String })

describe("answers", () => {
  // In the shapes that the pages document which the presets name.
  const usage = { prompt_tokens: 5, completion_tokens: 9, total_tokens: 14 }
  const message = (more: object) => ({
    id: "x",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "yes", ...more } }],
    usage,
  })
  const thinking = message({ reasoning_content: "hm" })
  const documented: ReadonlyArray<readonly [Preset, object, string | undefined]> = [
    [OpenAiCompatible.alibaba, { ...thinking, system_fingerprint: "" }, "hm"],
    [OpenAiCompatible.cerebras, { ...message({ reasoning: "hm" }), time_info: { queue_time: 0.1 } }, "hm"],
    [OpenAiCompatible.fireworks, thinking, "hm"],
    [OpenAiCompatible.llamaCpp, { ...thinking, timings: { prompt_n: 5, predicted_n: 9 } }, "hm"],
    [OpenAiCompatible.lmStudio, { ...message({}), stats: {} }, undefined],
    [OpenAiCompatible.moonshot, thinking, "hm"],
    [
      OpenAiCompatible.perplexity,
      { ...message({}), search_results: [{ title: "t", url: "https://a.example/" }] },
      undefined,
    ],
    [OpenAiCompatible.sglang, { ...thinking, metadata: { weight_version: "default" } }, "hm"],
    [OpenAiCompatible.together, { ...message({ reasoning: "hm", tool_calls: [] }), prompt: [] }, "hm"],
    [OpenAiCompatible.zai, { ...thinking, request_id: "r", web_search: [] }, "hm"],
  ]

  it.live("in the documented shapes are read", () =>
    Effect.gen(function* () {
      for (const [preset, answer, reasoning] of documented) {
        const { exit } = yield* trial(preset, LanguageModel.generateText({ prompt: "hi" }), { answer })
        assert.isTrue(Exit.isSuccess(exit), preset.provider)
        if (Exit.isFailure(exit)) continue
        assert.strictEqual(exit.value.text, "yes", preset.provider)
        assert.strictEqual(exit.value.reasoningText, reasoning, preset.provider)
        assert.strictEqual(exit.value.usage.outputTokens.total, 9, preset.provider)
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("are held to a schema, or told of it", () =>
    Effect.gen(function* () {
      for (const preset of presets) {
        const { exit, sent } = yield* trial(
          preset,
          LanguageModel.generateObject({ prompt: "hi", objectName: "Answer", schema: Answer }),
          { answer: message({ content: '{"city":"Ulm"}' }) },
        )
        assert.isTrue(Exit.isSuccess(exit), preset.provider)
        const format = sent?.["response_format"] as { readonly type: string }
        assert.strictEqual(format.type, preset.takesJsonSchema ? "json_schema" : "json_object", preset.provider)
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )
})
