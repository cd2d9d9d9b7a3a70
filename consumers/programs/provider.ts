/** A provider's SDK over a real socket, against the emulator. Its address is the first argument. */
import { ResilientModel, Retry } from "@holdfast/core"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Effect, Redacted } from "effect"
import { LanguageModel } from "effect/ai"

const model = OpenAiLanguageModel.model("gpt-6.1-terra", { maxOutputTokens: 100 }).pipe(Retry.times(2))

const program = LanguageModel.generateText({ prompt: "Why do ships float?" }).pipe(
  ResilientModel.provide(model),
  Effect.map(({ text }) => text),
  Effect.provide(OpenAiClient.layer({ apiKey: Redacted.make("sk-test"), apiUrl: process.argv[2] })),
)

// oxlint-disable-next-line eslint/no-console -- it is a program
console.log(await Effect.runPromise(program))
