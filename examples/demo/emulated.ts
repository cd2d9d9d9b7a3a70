/**
 * The stage of the demo on this machine: an emulator of the providers' APIs that misbehaves on cue.
 */
import { Chaos, Emulator, Fault, Reply } from "@holdfast/testing"
import { Effect, Layer, Redacted } from "effect"

import { anthropic, google, openai, preferring, Providers } from "./providers.ts"

const answer = "A ship floats because it pushes aside water that weighs as much as the ship itself."

const soon = "250 millis"

const faults: Chaos.Chaos["faults"] = [
  () => Reply.rateLimited({ retryAfterMs: "200 millis" }),
  () => Reply.overloaded({ retryAfterMs: "150 millis" }),
  () => Reply.status(500),
  () => Reply.html(502),
  () => Reply.reset,
  Fault.emptyBody,
  Fault.endAfter(6),
  Fault.delayFirstByte("400 millis"),
]

const scripts = (emulator: Emulator.Emulator["Service"]) => ({
  streaming: Effect.all([
    emulator.script(
      "openai-responses",
      Reply.rateLimited({ retryAfterMs: "400 millis" }),
      Reply.status(500, { headers: { "retry-after-ms": "250" } }),
      Reply.status(500),
    ),
    emulator.script(
      "anthropic",
      Reply.overloaded({ retryAfterMs: soon }),
      Reply.overloaded({ retryAfterMs: soon }),
      Reply.overloaded(),
    ),
    emulator.script(
      "google",
      Reply.text(answer).pipe(Fault.delayFirstByte("180 millis"), Fault.delayFrames("45 millis")),
    ),
  ]),
  extraction: emulator.script(
    "openai-responses",
    Reply.json({ vessel: "Aurora", arrival: "2026-12-04", cargo: ["timber", "oranges"] }),
  ),
  tool: emulator.script(
    "openai-responses",
    Reply.overloaded({ retryAfterMs: soon }),
    Reply.answer({ toolCalls: [{ name: "TideAt", params: { harbour: "Bergen" } }] }),
    Reply.status(500, { headers: { "retry-after-ms": "250" } }),
    Reply.text("The tide in Bergen is high: 1.4 metres."),
  ),
  image: emulator.script("openai-responses", Reply.text("It is a red square.")),
  budget: emulator.script(
    "openai-responses",
    ...Array.from({ length: 12 }, (_, index) =>
      Reply.text(answer, { usage: { input: 34, output: 1_080 + index * 15, reasoning: 1_000 } }),
    ),
  ),
  bulk: Effect.forEach(["openai-responses", "anthropic", "google"] as const, (dialect) =>
    emulator.respond(dialect, ({ id }) =>
      Reply.answer({
        text: answer,
        usage: { input: 900 + (id % 7) * 20, cacheRead: 600, output: 60 + (id % 11), reasoning: 20 },
      }).pipe(Fault.delayFirstByte(`${15 + (id % 40)} millis`), Fault.delayFrames("1 millis")),
    ),
  ),
})

/** The demo against the emulator. */
export const emulated = ({ prompts }: { readonly prompts: number }) =>
  Layer.effect(
    Providers,
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const apiKey = Redacted.make("emulator")
      const models = [
        openai({ apiKey, apiUrl: emulator.baseUrl("openai-responses") }),
        anthropic({ apiKey, apiUrl: emulator.baseUrl("anthropic") }),
        google({ apiKey, apiUrl: emulator.baseUrl("google") }),
      ] as const
      const stages = scripts(emulator)
      return {
        models,
        model: preferring(models),
        question: "Why do ships float?",
        prompts,
        stage: (act) => Effect.asVoid(stages[act]),
      }
    }),
  ).pipe(Layer.provide(Emulator.layer({ chaos: Chaos.seeded(2026, { rate: 0.3, faults }) })))
