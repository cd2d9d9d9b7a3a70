import { assert, describe, it, vi } from "@effect/vitest"
import { Config, Effect, Redacted, Stream } from "effect"
import { AiError } from "effect/ai"

import * as ClientConformance from "../src/ClientConformance.ts"

interface Careless {
  readonly apiKey: string
  readonly send: (stream: boolean) => Effect.Effect<string, AiError.AiError>
}

/**
 * A client with the usual mistakes: it takes any options, keeps its key where everyone can see it, prefers the environment,
 * writes to the console, takes whatever comes for an answer, and sends the way `fetch` likes it.
 */
const careless = ({ apiKey, apiUrl }: ClientConformance.Options): Effect.Effect<Careless> =>
  Effect.gen(function* () {
    const key = Redacted.value(Redacted.isRedacted(apiKey) ? apiKey : yield* Effect.orDie(apiKey.current)).trim()
    const post = (stream: boolean) => {
      // oxlint-disable-next-line eslint/no-console -- one of its mistakes
      console.log("sending")
      return globalThis.fetch(`${apiUrl?.replace(/\/$/, "")}/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${process.env["CARELESS_API_KEY"] ?? key}` },
        body: JSON.stringify({ model: "careless", messages: [{ role: "user", content: "hi" }], stream }),
      })
    }
    const send: Careless["send"] = (stream) =>
      Effect.tryPromise({
        try: () => post(stream).then((response) => (response.ok ? response.text() : Promise.reject(new Error(key)))),
        catch: (cause) =>
          AiError.make({
            module: "Careless",
            method: "send",
            reason: new AiError.UnknownError({ description: String(cause) }),
          }),
      })
    return { apiKey: key, send }
  })

const subject: ClientConformance.Subject<Careless> = {
  name: "Careless",
  dialect: "openai-chat",
  make: careless,
  once: ({ send }) => send(false),
  open: ({ send }) => Effect.map(send(true), (text) => ({ parts: Stream.make(text) })),
  use: ({ send }) => send(false),
  configured: {
    variable: "CARELESS_API_KEY",
    read: Effect.as(Effect.flatMap(Config.String("CARELESS_API_KEY"), Effect.succeed), "made"),
    expected: "made",
  },
  environment: { CARELESS_API_KEY: "sk-other", CARELESS_URL: "http://127.0.0.1:1" },
  sent: { key: "authorization", headers: {}, path: "/openai/v1/chat/completions" },
  sdk: { sdk: "none", index: new URL("../src/index.ts", import.meta.url) },
}

describe("a careless client", () => {
  it.live("passes what it does right, and is caught in each of its mistakes", () =>
    Effect.gen(function* () {
      yield* Effect.acquireRelease(
        Effect.sync(() => vi.spyOn(console, "log").mockImplementation(() => undefined)),
        (spy) => Effect.sync(() => spy.mockRestore()),
      )
      const outcomes = yield* Effect.forEach(ClientConformance.checks(subject), ({ name, run }) =>
        Effect.map(Effect.exit(run), ({ _tag }) => `${_tag}: ${name}`),
      )
      assert.deepStrictEqual(outcomes, [
        "Failure: finds options that cannot work at once, and never shows the key",
        "Success: may be made of the configuration",
        "Failure: does not show its key",
        "Failure: hides its key from errors that repeat it",
        "Failure: knows nothing of the environment",
        "Failure: gives access to the whole SDK",
        "Failure: asks for a stream, and takes no page for one",
        "Failure: writes nothing to the console, whatever the answer is",
        "Failure: waits longer than the global fetch does",
        "Failure: uses the fetch that it is given, and follows no redirect",
        "Failure: goes on through a rotation, with one load for all calls",
        "Failure: goes on with the last key while the store is down",
        "Failure: lets the refusal of a dead key stand, after one load, and shows no key that it ever had",
        "Failure: sends and hides secret headers of its own",
      ])
    }),
  )
})
