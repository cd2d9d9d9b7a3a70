import { assert } from "@effect/vitest"
import * as CallSettings from "@holdfast/core/CallSettings"
import * as Failure from "@holdfast/core/Failure"
import { Deferred, Effect, Exit, Fiber, Stream } from "effect"
import { LanguageModel, Prompt } from "effect/ai"

import * as Fault from "../../Fault.ts"
import * as Reply from "../../Reply.ts"
import { type ChatDialectName } from "../emulator/dialect.ts"
import {
  type AnyPart,
  type Check,
  check,
  counted,
  finishOf,
  framesToText,
  inBothModes,
  meaningOf,
  plain,
  textOf,
  usage,
} from "./trial.ts"
import { wireOf } from "./wire.ts"

/** Where each provider reports the counts that are the same in all of its answers. */
const rawOutput: Readonly<Record<ChatDialectName, readonly [field: string, count: number]>> = {
  "openai-responses": ["output_tokens", 9],
  "openai-chat": ["completion_tokens", 9],
  anthropic: ["output_tokens", 9],
  google: ["candidatesTokenCount", 4],
}

/** The reasoning of an answer of either mode. */
export const reasoningOf = (parts: ReadonlyArray<AnyPart>): string =>
  parts
    .map((part) => (part.type === "reasoning" ? part.text : part.type === "reasoning-delta" ? part.delta : ""))
    .join("")

const text = inBothModes("answers with a text", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(Reply.text("hello brave new world, größer als 🦄"))
    const parts = yield* trial.ask(mode)
    assert.strictEqual(textOf(parts), "hello brave new world, größer als 🦄")
    assert.strictEqual(parts[0]?.type, "response-metadata")
    assert.strictEqual(parts.at(-1)?.type, "finish")
    assert.strictEqual(finishOf(parts)?.reason, "stop")
    assert.strictEqual(parts.filter(({ type }) => type === "finish").length, 1)
    const [request] = yield* trial.emulator.requests
    assert.strictEqual(request?.stream, mode === "stream")
  }),
)

const oneByOne = check("streams parts one by one", (trial) =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    const frames = framesToText(trial.dialect)
    yield* trial.script(Reply.text(["a", "b", "c"]).pipe(Fault.holdAfter(frames, Deferred.await(gate))))
    const first = yield* Deferred.make<string>()
    const seen: Array<string> = []
    const reading = Stream.runForEach(LanguageModel.streamText({ prompt: "hi" }), (part) => {
      if (part.type !== "text-delta") return Effect.void
      seen.push(part.delta)
      return Deferred.succeed(first, part.delta)
    })
    const fiber = yield* Effect.forkChild(trial.run(reading))
    // The rest is held back until the first part has been seen.
    assert.strictEqual(yield* Deferred.await(first), "a")
    assert.deepStrictEqual(seen, ["a"])
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(fiber)
    assert.strictEqual(seen.join(""), "abc")
  }),
)

const conversation = inBothModes("sends system and turns in order", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.ask(mode, {
      prompt: [
        { role: "system", content: "You are terse." },
        { role: "user", content: "one" },
        { role: "assistant", content: [{ type: "text", text: "two" }] },
        { role: "user", content: [{ type: "text", text: "three" }] },
      ],
    })
    const wire = wireOf(trial.dialect)
    const [body] = yield* trial.bodies
    assert.strictEqual(wire.system(body), "You are terse.")
    assert.deepStrictEqual(wire.turns(body), [
      ["user", "one"],
      ["assistant", "two"],
      ["user", "three"],
    ])
  }),
)

const counts = inBothModes("maps usage exactly and keeps the raw counts", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(Reply.text("hello", { usage }))
    const finish = finishOf(yield* trial.ask(mode))
    assert.deepStrictEqual(plain(finish?.usage), counted(trial.dialect))
    const [name, count] = rawOutput[trial.dialect]
    const raw = Object.values(finish?.metadata ?? {}).flatMap((metadata) =>
      metadata !== null && typeof metadata === "object" && "usage" in metadata ? [metadata["usage"]] : [],
    )
    assert.strictEqual(raw.length, 1, "the vendor's own usage is in the metadata of finish, under one provider")
    assert.deepInclude(raw[0], { [name]: count })
    for (const [key, expected] of Object.entries(trial.metadata ?? {})) {
      assert.deepInclude(finish?.metadata[key] as object, expected)
    }
  }),
)

const overridden = check("lays the settings of one request over the model's", (trial) =>
  Effect.gen(function* () {
    if (trial.overrides === undefined) return
    const { inner, outer, with: both, without } = trial.overrides
    yield* trial.ask("generate")
    yield* trial.ask("generate").pipe(inner, outer)
    const [plainBody, changed] = yield* trial.bodies
    assert.deepInclude(plainBody, without)
    assert.deepInclude(changed, both)
  }),
)

const commonSettings: ReadonlyArray<readonly [settings: CallSettings.CommonSettings, sent: string]> = [
  [{ maxOutputTokens: 1777 }, "1777"],
  [{ temperature: 0.25 }, "0.25"],
  [{ topP: 0.975 }, "0.975"],
  [{ stop: ["HALT"] }, '["HALT"]'],
  [{ seed: 4242 }, "4242"],
]

const neutral = inBothModes("takes the settings of a request by their neutral names, or refuses them", (trial, mode) =>
  Effect.gen(function* () {
    let taken = 0
    for (const [settings, sent] of commonSettings) {
      const exit = yield* Effect.exit(trial.ask(mode).pipe(CallSettings.set(settings)))
      const bodies = yield* trial.bodies
      if (Exit.isSuccess(exit)) {
        taken++
        assert.include(JSON.stringify(bodies.at(-1)), sent)
      } else {
        const error = yield* Effect.flip(exit)
        assert.strictEqual(meaningOf(error)[0], "UnsupportedOption")
        assert.deepInclude(error, { option: Object.keys(settings)[0] })
      }
      assert.strictEqual(bodies.length, taken)
    }
    assert.isAbove(taken, 0)
  }),
)

const unknownCounts = inBothModes("takes usage that is missing as unknown, never as zero", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(Reply.text("hello", { usage: null }))
    const finish = finishOf(yield* trial.ask(mode))
    assert.isUndefined(finish?.usage.inputTokens.total)
    assert.isUndefined(finish?.usage.outputTokens.total)
  }),
)

const finishes = inBothModes("tells why the answer ended", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(
      Reply.text("cut", { finish: "length" }),
      Reply.text("half an answer", { finish: "content-filter" }),
    )
    assert.strictEqual(finishOf(yield* trial.ask(mode))?.reason, "length")
    const filtered = yield* trial.ask(mode)
    assert.strictEqual(finishOf(filtered)?.reason, "content-filter")
    assert.strictEqual(textOf(filtered), "half an answer")
  }),
)

const reasoning = inBothModes("keeps reasoning apart from the text", (trial, mode) =>
  Effect.gen(function* () {
    if (!trial.capabilities.reasoning) return
    yield* trial.script(Reply.text("hello", { reasoning: "let me think" }))
    const parts = yield* trial.ask(mode)
    assert.strictEqual(reasoningOf(parts), "let me think")
    assert.strictEqual(textOf(parts), "hello")
  }),
)

const sources = inBothModes("passes on the sources of an answer", (trial, mode) =>
  Effect.gen(function* () {
    const url = "https://sources.example/oslo"
    yield* trial.script(Reply.text("Oslo is in Norway.", { citations: [{ url, title: "Oslo" }] }))
    const parts = yield* trial.ask(mode)
    const cited = parts.flatMap((part) => (part.type === "source" && part.sourceType === "url" ? [part] : []))
    assert.deepStrictEqual(
      cited.map((source) => [source.url.href, source.title]),
      [[url, "Oslo"]],
    )
    assert.strictEqual(textOf(parts), "Oslo is in Norway.")
  }),
)

const png = new Uint8Array([137, 80, 78, 71])

const images = inBothModes("sends images by their bytes and by their URL", (trial, mode) =>
  Effect.gen(function* () {
    const { images: takesImages, imageUrls } = trial.capabilities
    const image = (data: Uint8Array | URL) => ({
      prompt: Prompt.make([
        {
          role: "user",
          content: [
            { type: "text", text: "what is it?" },
            { type: "file", mediaType: "image/png", data },
          ],
        },
      ]),
    })
    if (takesImages) {
      yield* trial.ask(mode, image(png))
      assert.include(JSON.stringify((yield* trial.bodies).at(-1)), "iVBORw==")
    }
    if (imageUrls) {
      yield* trial.ask(mode, image(new URL("https://images.example/cat.png")))
      assert.include(JSON.stringify((yield* trial.bodies).at(-1)), "https://images.example/cat.png")
    }
  }),
)

const empty = inBothModes("takes an answer without content for none, and for one that was paid", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(Reply.text("", { usage }))
    const error = yield* Effect.flip(trial.ask(mode))
    assert.deepStrictEqual(meaningOf(error), ["InvalidResponseError", "transient"])
    assert.isTrue(Failure.classify(error).billed)
  }),
)

const cutToNothing = inBothModes("takes an answer that was cut before its content for one", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(Reply.text("", { usage, finish: "length" }))
    const parts = yield* trial.ask(mode)
    assert.strictEqual(textOf(parts), "")
    assert.strictEqual(finishOf(parts)?.reason, "length")
  }),
)

const blocks = check("announces and ends every block of a stream", (trial) =>
  Effect.gen(function* () {
    yield* trial.script(Reply.text(["a", "b"], { reasoning: ["c", "d"] }))
    const open = new Set<string>()
    let ended = 0
    for (const part of yield* trial.ask("stream")) {
      if (part.type === "text-start" || part.type === "reasoning-start") open.add(part.id)
      else if (part.type === "text-delta" || part.type === "reasoning-delta") assert.isTrue(open.has(part.id))
      else if (part.type === "text-end" || part.type === "reasoning-end") {
        assert.isTrue(open.delete(part.id))
        ended++
      }
    }
    assert.strictEqual(open.size, 0)
    assert.strictEqual(ended, trial.capabilities.reasoning ? 2 : 1)
  }),
)

const apart = inBothModes("keeps answers apart that come at the same time", (trial, mode) =>
  Effect.gen(function* () {
    const { turns } = wireOf(trial.dialect)
    yield* trial.emulator.respond(trial.dialect, ({ body }) =>
      Reply.text(turns(body).map(([, said]) => `you said ${said}`)).pipe(Fault.delayFrames("1 millis")),
    )
    const prompts = Array.from({ length: 8 }, (_, index) => `number ${index}`)
    const texts = yield* Effect.forEach(prompts, (prompt) => Effect.map(trial.ask(mode, { prompt }), textOf), {
      concurrency: "unbounded",
    })
    assert.deepStrictEqual(
      texts,
      prompts.map((prompt) => `you said ${prompt}`),
    )
  }),
)

/** Whole answers. */
export const answers: ReadonlyArray<Check> = [
  ...text,
  oneByOne,
  ...conversation,
  ...counts,
  ...neutral,
  ...unknownCounts,
  ...finishes,
  overridden,
  ...reasoning,
  ...sources,
  ...images,
  ...empty,
  ...cutToNothing,
  blocks,
  ...apart,
]
