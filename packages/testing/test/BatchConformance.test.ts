import { assert, describe, it } from "@effect/vitest"
import { ResilientModel } from "@holdfast/core"
import { type BatchProvider, type Line, ofModel } from "@holdfast/core/provider/BatchProvider"
import { type ProviderModel } from "@holdfast/core/provider/ProviderModel"
import { Context, Effect, Layer, Stream } from "effect"
import { AiError, LanguageModel, type Response } from "effect/ai"

import * as BatchConformance from "../src/BatchConformance.ts"
import * as Emulator from "../src/Emulator.ts"

class Address extends Context.Service<Address, string>()("test/BatchAddress") {}

const unknown = (cause: unknown) =>
  AiError.make({
    module: "careless",
    method: "call",
    reason: new AiError.UnknownError({ description: String(cause) }),
  })

const attempt = <A>(run: () => Promise<A>) => Effect.tryPromise({ try: run, catch: unknown })

interface Json {
  readonly [key: string]: unknown
}

const partsOf = (answer: unknown) => {
  const [choice] = (answer as { choices: ReadonlyArray<{ message: { content: string } }> }).choices
  const parts: Array<Response.PartEncoded> = [
    { type: "text", text: choice?.message.content ?? "" },
    { type: "finish", reason: "stop", usage: { inputTokens: {}, outputTokens: {} } },
  ]
  return { headers: {}, parts }
}

/**
 * A batch API with the usual mistakes: it makes batches again where it heard nothing, takes the first batch of a list for its
 * own, knows only the good end, reads only the good file, and falls over every line that is not what it expects.
 */
const careless = (url: string) => {
  const ask = (method: string, path: string, body?: NonNullable<RequestInit["body"]>): Promise<globalThis.Response> =>
    fetch(`${url}${path}`, { method, headers: { authorization: "Bearer key" }, ...(body !== undefined && { body }) })
  const json = (method: string, path: string, body?: NonNullable<RequestInit["body"]>): Promise<Json> =>
    ask(method, path, body).then((response) => response.json() as Promise<Json>)
  const bodyOf = (prompt: unknown) => ({ model: "m", messages: [{ role: "user", content: JSON.stringify(prompt) }] })
  const named = { provider: "careless", model: "m", codecTransformer: LanguageModel.defaultCodecTransformer }
  const batch: BatchProvider<"chat"> = {
    ...ofModel({
      ...named,
      prepare: ({ options }) =>
        Effect.succeed({ body: bodyOf(options.prompt), read: (answer) => Effect.sync(() => partsOf(answer)) }),
    }),
    limits: { items: 10, bytes: 1_000_000 },
    sizeOf: (item) => JSON.stringify(item).length,
    upload: (items) =>
      Effect.flatMap(Stream.runCollect(items), (all) =>
        attempt(() => {
          const form = new FormData()
          const line = ({ body, id }: (typeof all)[number]) =>
            JSON.stringify({ custom_id: id, method: "POST", url: "/v1/chat/completions", body })
          form.append("purpose", "batch")
          form.append("file", new File([all.map(line).join("\n")], "a.jsonl"))
          return json("POST", "/files", form).then(({ id }) => String(id))
        }),
      ),
    create: ({ file, name }) => {
      const metadata = { holdfast: name }
      const body = { input_file_id: file, endpoint: "/v1/chat/completions", completion_window: "24h", metadata }
      return Effect.retry(
        attempt(() => json("POST", "/batches", JSON.stringify(body)).then(({ id }) => String(id))),
        { times: 2 },
      )
    },
    find: () =>
      attempt(() =>
        json("GET", "/batches").then(({ data }) =>
          (data as ReadonlyArray<{ id: string; created_at: number }>)
            .slice(0, 1)
            .map(({ created_at, id }) => ({ id, createdAt: created_at * 1_000, certain: true })),
        ),
      ),
    status: (id) =>
      attempt(() =>
        json("GET", `/batches/${id}`).then(({ status }) => ({
          state: status === "completed" ? ("ended" as const) : ("running" as const),
          vendorState: String(status),
          counts: undefined,
          invalid: [],
          error: undefined,
          missing: "free" as const,
        })),
      ),
    results: (id) =>
      Stream.unwrap(
        Effect.map(
          attempt(() =>
            json("GET", `/batches/${id}`)
              .then(({ output_file_id }) => ask("GET", `/files/${String(output_file_id)}/content`))
              .then((response) => response.text())
              .then((text) =>
                text
                  .trim()
                  .split("\n")
                  .map((line): Line => {
                    const value = JSON.parse(line) as { custom_id: string; response: { body: unknown } }
                    return { _tag: "Answered", id: value.custom_id, body: value.response.body }
                  }),
              ),
          ),
          Stream.fromIterable,
        ),
      ),
    cancel: (id) => attempt(() => json("POST", `/batches/${id}/cancel`)),
    forget: (file) => attempt(() => json("DELETE", `/files/${file}`)),
  }
  const live: ProviderModel = {
    ...named,
    generate: ({ options }) =>
      attempt(() =>
        json("POST", "/chat/completions", JSON.stringify({ ...bodyOf(options.prompt), stream: false })).then(partsOf),
      ),
    stream: () => Effect.fail(unknown("no streams")),
  }
  return { batch, live }
}

const subject: BatchConformance.Subject<"chat", Address> = {
  name: "careless",
  vendor: "openai",
  dialect: "openai-chat",
  batch: Effect.map(Address, (url) => careless(url).batch),
  live: ResilientModel.fromProvider(
    Effect.map(Address, (url) => careless(url).live),
    { name: "careless", settings: {} },
  ),
  layer: (url) => Layer.succeed(Address, url),
  capabilities: { named: true, failsWhole: true, cancels: true, partial: true, lines: true, missing: "free" },
}

/** What it does right all the same. */
const mastered: ReadonlyArray<string> = [
  "gives the answers that a live request would get",
  "says that a batch is running, and gives the vendor's word for it",
  "reads results in any order, and without some of them",
  "gives the answers of a batch that was canceled too late",
  "asks no other host, whatever address it is given",
  "sees a batch as soon as the list shows it",
  "removes what was uploaded, also twice",
]

describe("a careless batch API", () => {
  it.live("is caught in each of its mistakes, and passes what it does right", () =>
    Effect.gen(function* () {
      const checks = BatchConformance.checks(subject)
      const passed: Array<string> = []
      for (const { name, run } of checks) {
        const exit = yield* Effect.exit(Effect.timeout(run, "20 seconds"))
        if (exit._tag === "Success") passed.push(name)
      }
      assert.deepStrictEqual(passed.toSorted(), mastered.toSorted())
      assert.isAbove(checks.length - passed.length, 15)
      assert.strictEqual(new Set(checks.map(({ name }) => name)).size, checks.length)
    }).pipe(Effect.provide(Emulator.layer())),
  )
})
