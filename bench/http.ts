/**
 * The contestants on the wire: a whole stack with its provider against the vendor's SDK by itself, both on the emulator,
 * which runs in a process of its own so that its work does not count.
 */
import { spawn } from "node:child_process"

import { Deadline, Fallback, Retry } from "@holdfast/core"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { LanguageModel, type Response } from "effect/ai"
import { OpenAI } from "openai"

/** Starts the emulator and gives its base URL; it ends with the process. */
export const emulator = (): Promise<string> => {
  const bin = new URL("../packages/testing/src/bin.ts", import.meta.url).pathname
  const child = spawn(process.execPath, [bin, "--port", "0", "--text", "They displace water."], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  process.once("exit", () => child.kill())
  return new Promise((resolve) => {
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      const url = /OPENAI_BASE_URL=(\S+)\n/.exec(output)?.[1]
      if (url !== undefined) resolve(url)
    })
  })
}

const model = "gpt-6.1-terra"
const prompt = "Why do ships float?"

const finish: Response.FinishPartEncoded = {
  type: "finish",
  reason: "stop",
  usage: { inputTokens: { total: 5 }, outputTokens: { total: 5 } },
}

export const contestants = (apiUrl: string) =>
  Effect.gen(function* () {
    const stack = OpenAiLanguageModel.model(model).pipe(
      Deadline.firstPart("30 seconds"),
      Retry.schedule(Retry.standard),
      Fallback.to(OpenAiLanguageModel.model("gpt-6-luna")),
      Layer.provide(OpenAiClient.layer({ apiKey: Redacted.make("bench"), apiUrl })),
    )
    const ours = Context.get(yield* Layer.build(stack), LanguageModel.LanguageModel)
    const sdk = new OpenAI({ apiKey: "bench", baseURL: apiUrl, maxRetries: 0 })
    const ask = () => sdk.responses.create({ model, input: prompt, store: false })
    // The least that `effect/ai` costs on this SDK: its own model around one call, of whose answer only the text is read.
    const least = yield* LanguageModel.make({
      generateText: () =>
        Effect.map(Effect.promise(ask), ({ output_text }) => [{ type: "text", text: output_text }, finish]),
      streamText: () => Stream.empty,
    })
    return {
      stack: () => Effect.runPromise(ours.generateText({ prompt })),
      least: () => Effect.runPromise(least.generateText({ prompt })),
      sdk: ask,
    }
  })
