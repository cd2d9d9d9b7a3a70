import { readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"
import { Event, Failure } from "@holdfast/core"
import { Effect, Exit, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import { rows } from "./errorTable.ts"
import { modelsAt } from "./support/clients.ts"
import { errorServer } from "./support/errorServer.ts"

const generated = (prompt: unknown) => Effect.suspend(() => LanguageModel.generateText({ prompt: prompt as never }))
const streamed = (prompt: unknown) =>
  Effect.suspend(() => Stream.runDrain(LanguageModel.streamText({ prompt: prompt as never })))

it("are told in the documentation as the rules have them", () => {
  const page = readFileSync(new URL("../docs/errors.md", import.meta.url), "utf8").replaceAll(/ {2,}/g, " ")
  for (const row of rows) assert.include(page, `| ${row.join(" | ")} |`)
})

describe("a secret of the client that a server echoes", () => {
  const apiKey = "sk-live-0123456789/abcdefghijklmnop"
  const header = `Bearer "p<w>d&/+=0123456789"`
  const secrets = { "x-proxy-authorization": header, "x-internal-token": "internal-token-value" }
  const html = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")
  const forms: ReadonlyArray<(text: string) => string> = [
    String,
    encodeURIComponent,
    html,
    (text) => JSON.stringify(text).slice(1, -1),
    btoa,
    (text) => Buffer.from(text).toString("hex"),
  ]
  const said = forms.flatMap((form) => [apiKey, header, "internal-token-value"].map(form))
  const page = `<html><body><h1>502</h1><p>${said.join("</p><p>")}</p></body></html>`
  const error = {
    message: said.join(" "),
    type: apiKey,
    status: "INVALID_ARGUMENT",
    code: header,
    param: apiKey,
    details: [{ "@type": "google.rpc.BadRequest", fieldViolations: [{ field: apiKey }] }],
  }
  const headers = {
    "x-request-id": apiKey,
    "request-id": header.replaceAll(/[^\w]/g, ""),
    "retry-after": "internal-token-value",
  }
  const answers = [
    { status: 502, body: page, headers },
    { status: 400, body: { type: "error", error }, headers },
    { status: 401, body: said.join("\n"), headers },
    { body: { type: "error", error, id: apiKey, model: apiKey }, headers },
    { body: { id: apiKey, model: apiKey, responseId: apiKey, modelVersion: apiKey, type: "message" }, headers },
  ]

  it.live("is in no error, event or summary, in whatever form it came", () =>
    Effect.gen(function* () {
      const { answer, requests, url } = yield* errorServer
      const seen: Array<string> = []
      const models = modelsAt({ apiUrl: url, apiKey, headers: secrets })
      for (const [, model] of models) {
        for (const example of answers) {
          answer(example)
          for (const call of [generated("hi"), streamed("hi")]) {
            const exit = yield* Effect.exit(
              call.pipe(
                Event.listen((event) => seen.push(JSON.stringify(event), Event.summary(event))),
                Effect.provide(model),
              ),
            )
            seen.push(JSON.stringify(exit))
            if (Exit.isFailure(exit)) for (const reason of exit.cause.reasons) seen.push(String(reason))
          }
        }
      }
      const sent = JSON.stringify(requests)
      for (const secret of [apiKey, "internal-token-value"]) assert.include(sent, secret)
      const all = seen.join("\n")
      for (const form of forms) {
        for (const secret of [apiKey, header, "internal-token-value"]) {
          assert.notInclude(all, form(secret))
          assert.notInclude(all, form(secret).slice(0, 24))
        }
      }
    }),
  )
})

describe("a prompt that is nested without end", () => {
  const nested = (levels: number): unknown => {
    let value: unknown = 1
    for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
    return value
  }
  const conversation = (params: unknown, result: unknown) => [
    { role: "user", content: "hi" },
    { role: "assistant", content: [{ type: "tool-call", id: "c1", name: "t", params, providerExecuted: false }] },
    { role: "tool", content: [{ type: "tool-result", id: "c1", name: "t", isFailure: false, result }] },
  ]

  it.live("is a typed failure, before any request", () =>
    Effect.gen(function* () {
      const { requests, url } = yield* errorServer
      for (const [name, model] of modelsAt({ apiUrl: url, apiKey: "sk-0123456789" })) {
        for (const prompt of [
          conversation({}, nested(20_000)),
          conversation(nested(20_000), 1),
          conversation({}, nested(1_500)),
        ]) {
          for (const call of [generated(prompt), streamed(prompt)]) {
            const error = yield* Effect.flip(call.pipe(Effect.provide(model)))
            assert.strictEqual(error.reason._tag, "InvalidRequestError", name)
            assert.strictEqual(Failure.classify(error).kind, "fatal")
            assert.include(Failure.messageOf(error), "nested")
          }
        }
      }
      assert.lengthOf(requests, 0)
    }),
  )

  it.live("is sent while it is not", () =>
    Effect.gen(function* () {
      const { answer, requests, url } = yield* errorServer
      answer({ status: 400, body: { error: { message: "too deep for us" } } })
      for (const [, model] of modelsAt({ apiUrl: url, apiKey: "sk-0123456789" })) {
        yield* Effect.flip(generated(conversation({}, nested(300))).pipe(Effect.provide(model)))
      }
      assert.lengthOf(requests, 4)
    }),
  )
})
