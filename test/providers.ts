/**
 * Lets the examples of the documentation call the providers by their real addresses: an emulator answers.
 */
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Layer, ManagedRuntime } from "effect"

process.env["OPENAI_API_KEY"] = "sk-example"
process.env["ANTHROPIC_API_KEY"] = "sk-ant-example"
process.env["GOOGLE_API_KEY"] = "example"

const answer = "A ship floats because it pushes aside water that weighs as much as the ship itself."

// One model of OpenAI has a bad day: throttled first, then broken. The others answer.
const badDay = Layer.effectDiscard(
  Effect.gen(function* () {
    const emulator = yield* Emulator.Emulator
    let asked = 0
    yield* emulator.respond("openai-responses", ({ model }) => {
      if (model !== "gpt-6.1-terra") return Reply.text(answer, { usage: { input: 12, output: 21 } })
      asked += 1
      return asked === 1
        ? Reply.rateLimited({ retryAfterMs: "400 millis" })
        : Reply.status(500, { headers: { "retry-after-ms": "250" } })
    })
    yield* emulator.respond("anthropic", () => Reply.text(answer, { usage: { input: 12, output: 21 } }))
    yield* emulator.respond("google", () => Reply.text(answer, { usage: { input: 12, output: 21 } }))
  }),
)

const runtime = ManagedRuntime.make(Layer.provideMerge(badDay, Emulator.layer()))

const folders: Readonly<Record<string, string>> = {
  "api.openai.com": "/openai",
  "api.anthropic.com": "/anthropic",
  "generativelanguage.googleapis.com": "/google",
}

const { fetch } = globalThis

globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input)
  const folder = folders[url.hostname]
  if (folder === undefined) return fetch(input, init)
  const { port } = await runtime.runPromise(Emulator.Emulator)
  return fetch(`http://127.0.0.1:${port}${folder}${url.pathname}${url.search}`, init)
}
