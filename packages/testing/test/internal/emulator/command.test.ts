import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Runtime, Schedule } from "effect"
import { Command } from "effect/cli"
import { TestConsole } from "effect/testing"

import * as Emulator from "../../../src/Emulator.ts"
import { command } from "../../../src/internal/emulator/command.ts"

const run = (...args: ReadonlyArray<string>) => Command.runWith(command, { version: "0.1.0" })(args)

const printed = TestConsole.logLines.pipe(
  Effect.map((lines) => lines.join("\n")),
  Effect.filterOrFail((text) => text.includes("GEMINI_API_KEY")),
  Effect.retry(Schedule.spaced("5 millis")),
  Effect.timeout("5 seconds"),
)

const post = (url: string, body: unknown) =>
  Effect.promise(() =>
    fetch(url, {
      method: "POST",
      headers: { authorization: "Bearer emulator", "x-goog-api-key": "emulator", "anthropic-version": "2023-06-01" },
      body: JSON.stringify(body),
    }).then((response) => response.text()),
  )

describe("the command", () => {
  it.live("answers in every dialect until it is interrupted", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(run("--port", "0", "--text", "Good day.", "--delay-frames", "1 millis"))
      const text = yield* printed
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(text) ?? []
      const base = `http://127.0.0.1:${port}`
      const messages = [{ role: "user", content: "hi" }]
      const bodies = yield* Effect.all([
        post(`${base}/openai/v1/responses`, { model: "m", input: "hi" }),
        post(`${base}/openai/v1/chat/completions`, { model: "m", messages }),
        post(`${base}/anthropic/v1/messages`, { model: "m", max_tokens: 9, messages }),
        post(`${base}/google/v1/models/m:generateContent`, { contents: [{ parts: [{ text: "hi" }] }] }),
      ])
      for (const body of bodies) assert.include(body, "Good day.")
      yield* Effect.timeout(Fiber.interrupt(fiber), "1 second")
      const gone = yield* Effect.exit(Effect.tryPromise(() => fetch(base)))
      assert.strictEqual(gone._tag, "Failure")
    }).pipe(Effect.provide([NodeServices.layer, TestConsole.layer])),
  )

  it.effect.each([
    ["--chaos-rate", "1.5"],
    ["--port", "70000"],
    ["--port", "-1"],
    ["--delay-frames", "soon"],
  ])("refuses %s %s", ([flag, value]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(run(flag!, value!))
      assert.strictEqual(error._tag, "ShowHelp")
      assert.notInclude((yield* TestConsole.logLines).join("\n"), "Listening")
    }).pipe(Effect.provide([NodeServices.layer, TestConsole.layer])),
  )

  it.live("says in one line that its port is taken", () =>
    Effect.gen(function* () {
      const { port } = yield* Emulator.Emulator
      const error = yield* Effect.flip(run("--port", String(port)))
      assert.isFalse(Runtime.getErrorReported(error))
      const said = yield* TestConsole.errorLines
      assert.lengthOf(said, 1)
      assert.match(String(said[0]), new RegExp(`port ${port}.*EADDRINUSE.*--port`))
    }).pipe(Effect.provide([Emulator.layer(), NodeServices.layer, TestConsole.layer])),
  )

  it.effect("refuses a flag that it does not have", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(run("--colour", "blue"))
      assert.strictEqual(error._tag, "ShowHelp")
    }).pipe(Effect.provide([NodeServices.layer, TestConsole.layer])),
  )
})
