import { assert } from "@effect/vitest"
import { type StreamTruncated } from "@holdfast/core/CommitPoint"
import { Context, Effect, Layer } from "effect"

import * as Emulator from "../../Emulator.ts"
import * as Fault from "../../Fault.ts"
import * as Reply from "../../Reply.ts"
import {
  type Check,
  check,
  counted,
  failing,
  finishOf,
  framesToText,
  inBothModes,
  type Meaning,
  plain,
  textOf,
  usage,
} from "./trial.ts"

const broken: Meaning = ["NetworkError", "transient"]
const malformed: Meaning = ["InvalidResponseError", "transient"]
const truncated: Meaning = ["StreamTruncated", "transient"]

const json = { "content-type": "application/json" }

const answer = Reply.text(["a", "b", "c", "d"])

const nobody = inBothModes("reports a refused connection", (trial, mode) =>
  Effect.gen(function* () {
    // Nothing listens on the port of tcpmux.
    assert.deepStrictEqual(yield* failing(trial.at("http://127.0.0.1:1").ask(mode)), broken)
  }),
)

const resets = inBothModes("reports a connection that breaks", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(
      Reply.reset,
      answer.pipe(Fault.closeAfter(0)),
      answer.pipe(Fault.resetAfter(framesToText(trial.dialect))),
      answer.pipe(Fault.closeAfter(framesToText(trial.dialect) + 1)),
    )
    for (const _ of [1, 2, 3, 4]) assert.deepStrictEqual(yield* failing(trial.ask(mode)), broken)
    assert.lengthOf(yield* trial.bodies, 4)
  }),
)

const bodies: ReadonlyArray<readonly [name: string, reply: Reply.Reply]> = [
  ["an empty body", Reply.raw({ status: 200, headers: json, body: "" })],
  ["half of a JSON body", Reply.raw({ status: 200, headers: json, body: '{"half' })],
  ["JSON of another shape", Reply.raw({ status: 200, headers: json, body: "[]" })],
  ["a page of HTML", Reply.raw({ status: 200, headers: { "content-type": "text/html" }, body: "<html></html>" })],
  ["a body that is cut in the middle", answer.pipe(Fault.endAfter(3))],
]

const badBodies = bodies.map(([name, reply]) =>
  check(`takes ${name} with status 200 for no answer (generate)`, (trial) =>
    Effect.gen(function* () {
      yield* trial.script(reply)
      assert.deepStrictEqual(yield* failing(trial.ask("generate")), malformed)
    }),
  ),
)

const badStreams = bodies.slice(0, 4).map(([name, reply]) =>
  check(`takes ${name} with status 200 for no answer (stream)`, (trial) =>
    Effect.gen(function* () {
      yield* trial.script(reply)
      // Whether there is no answer or the wrong one cannot always be told.
      assert.deepInclude([malformed, truncated], yield* failing(trial.ask("stream")))
    }),
  ),
)

const wrongType = inBothModes("never takes another content type for another answer", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(answer.pipe(Fault.contentType("text/plain")))
    const outcome = yield* Effect.match(trial.ask(mode), { onSuccess: textOf, onFailure: () => "failed" })
    assert.include(["abcd", "failed"], outcome)
  }),
)

const cuts = check("reports a stream that ends early as truncated", (trial) =>
  Effect.gen(function* () {
    const frames = framesToText(trial.dialect)
    yield* trial.script(
      answer.pipe(Fault.endAfter(frames - 1)),
      answer.pipe(Fault.endAfter(frames + 1)),
      answer.pipe(Fault.omitTerminal),
      answer.pipe(Fault.emptyBody),
    )
    for (const expected of [0, 2, 4, 0]) {
      const error = yield* Effect.flip(trial.ask("stream"))
      assert.strictEqual((error as StreamTruncated)._tag, "StreamTruncated")
      assert.strictEqual((error as StreamTruncated).deliveredParts, expected)
    }
  }),
)

const corrupt = check("reports a frame that does not parse", (trial) =>
  Effect.gen(function* () {
    yield* trial.script(
      answer.pipe(Fault.corruptFrame(1)),
      answer.pipe(Fault.corruptFrame(2)),
      answer.pipe(Fault.corruptFrame(framesToText(trial.dialect))),
    )
    for (const _ of [1, 2, 3]) assert.deepStrictEqual(yield* failing(trial.ask("stream")), malformed)
  }),
)

const wide = "größer als 🦄, ja"

/** An answer in each framing that the format allows. */
const framings = [
  Fault.carriageReturns,
  Fault.comments,
  Fault.splitBytes(7),
  (reply: Reply.Reply) => reply.pipe(Fault.splitBytes(1), Fault.carriageReturns, Fault.comments),
].map((framed) => framed(Reply.text(wide, { usage })))

const framing = check("reads any framing that the format allows", (trial) =>
  Effect.gen(function* () {
    yield* trial.script(...framings)
    for (const _ of framings) {
      const parts = yield* trial.ask("stream")
      assert.strictEqual(textOf(parts), wide)
      assert.isDefined(finishOf(parts))
    }
  }),
)

const countsInFraming = check("counts the same in any framing", (trial) =>
  Effect.gen(function* () {
    yield* trial.script(...framings)
    for (const _ of framings) {
      assert.deepStrictEqual(plain(finishOf(yield* trial.ask("stream"))?.usage), counted(trial.dialect))
    }
  }),
)

const doubled = check("finishes once and runs nothing twice when a frame comes twice", (trial) =>
  Effect.gen(function* () {
    const count = 16
    const frames = Array.from({ length: count }, (_, index) => index + 1)
    yield* trial.script(...frames.map((frame) => answer.pipe(Fault.duplicateFrame(frame))))
    const first = framesToText(trial.dialect)
    for (const frame of frames) {
      const parts = yield* trial.ask("stream")
      for (const type of ["response-metadata", "text-start", "text-end", "finish"]) {
        assert.lengthOf(
          parts.filter((part) => part.type === type),
          1,
          `${type}, when frame ${frame} comes twice`,
        )
      }
      // Only the Responses API numbers its events; elsewhere a piece of text that comes twice may be meant so.
      const isPiece = trial.dialect !== "openai-responses" && frame >= first && frame < first + 4
      const text = isPiece ? /^a{1,2}b{1,2}c{1,2}d{1,2}$/ : /^abcd$/
      assert.match(textOf(parts), text, `when frame ${frame} comes twice`)
    }
  }),
)

const afterwards = check("does not mind what happens to the connection after the answer is complete", (trial) =>
  Effect.gen(function* () {
    yield* trial.script(answer.pipe(Fault.resetAfter(1000)), answer.pipe(Fault.closeAfter(1000)))
    for (const _ of [1, 2]) {
      const parts = yield* trial.ask("stream")
      assert.strictEqual(textOf(parts), "abcd")
      assert.strictEqual(finishOf(parts)?.reason, "stop")
    }
  }),
)

const lingering = check("ends with the terminal event, although the connection stays open", (trial) =>
  Effect.gen(function* () {
    // Gemini has no event that nothing comes after.
    if (trial.dialect === "google") return
    // Anthropic's answers say why they end before their last event, which may be lost.
    const stalls = trial.dialect === "anthropic" ? [1000, framesToText("anthropic") + 6] : [1000]
    yield* trial.script(...stalls.map((frames) => answer.pipe(Fault.stallAfter(frames))))
    for (const _ of stalls) {
      const parts = yield* Effect.timeout(trial.ask("stream"), "30 seconds")
      assert.strictEqual(textOf(parts), "abcd")
      assert.strictEqual(finishOf(parts)?.reason, "stop")
    }
  }),
)

const redirects = inBothModes("follows no redirect, which would take the prompt elsewhere", (trial, mode) =>
  Effect.gen(function* () {
    const elsewhere = Context.get(yield* Layer.build(Layer.fresh(Emulator.layer())), Emulator.Emulator)
    for (const status of [302, 307]) {
      const location = `http://127.0.0.1:${elsewhere.port}/chat/completions`
      yield* trial.script(Reply.raw({ status, headers: { location }, body: "" }))
      const [, kind] = yield* failing(trial.ask(mode))
      assert.include(["transient", "fatal"], kind)
    }
    assert.lengthOf(yield* trial.bodies, 2)
    assert.lengthOf(yield* elsewhere.requests, 0)
  }),
)

/** What the network and the things in between do to an answer. */
export const connections: ReadonlyArray<Check> = [
  ...nobody,
  ...resets,
  ...badBodies,
  ...badStreams,
  ...wrongType,
  cuts,
  corrupt,
  framing,
  countsInFraming,
  doubled,
  afterwards,
  lingering,
  ...redirects,
]
