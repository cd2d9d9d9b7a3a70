/**
 * What `core`, `cost` and `client` do on every runtime: a stack of policies that falls back, a budget that refuses, a stream, and a
 * chat client on the runtime's own `Response`. No key, no socket, no module of a runtime.
 */
import { ChatClient } from "@holdfast/client"
import { Breaker, Deadline, Fallback, RateLimit, ResilientModel, Retry } from "@holdfast/core"
import { Budget, Ledger, Money, Report } from "@holdfast/cost"
import { make, model, overloaded, text } from "@holdfast/testing/ScriptedModel"
import { Effect, Stream } from "effect"
import { LanguageModel } from "effect/ai"

/** With the price of a real model. */
const ship = Effect.gen(function* () {
  const scripted = yield* make({ provider: "openai", model: "gpt-6.1-terra" })
  yield* scripted.script(text("They displace water."))
  return scripted.model
})

const busy = model(overloaded(), overloaded()).pipe(
  RateLimit.perMinute({ requests: 100 }),
  Breaker.guard(),
  Retry.times(1),
)

const answers = Effect.gen(function* () {
  const stack = busy.pipe(
    Fallback.to(yield* ship),
    Budget.enforce({ name: "team-a", daily: "100 USD" }),
    Deadline.total("2 minutes"),
  )
  const answer = yield* LanguageModel.generateText({ prompt: "Why do ships float?" }).pipe(
    ResilientModel.provide(stack),
  )
  const { total } = yield* Report.make()
  return `${answer.text} ${total.attempts} attempts cost ${Money.format(total.cost)}`
}).pipe(Effect.provide(Ledger.layerMemory()))

const refusal = Effect.gen(function* () {
  const poor = (yield* ship).pipe(Budget.enforce({ name: "team-b", daily: "0.000001 USD" }))
  return yield* LanguageModel.generateText({ prompt: "Why do ships float?" }).pipe(
    ResilientModel.provide(poor),
    Effect.match({ onFailure: ({ _tag }) => _tag, onSuccess: () => "nothing was refused" }),
  )
}).pipe(Effect.provide(Ledger.layerMemory()))

const stream = LanguageModel.streamText({ prompt: "Why do ships float?" }).pipe(
  ResilientModel.provide(model(text("They float.")).pipe(Deadline.betweenParts("20 seconds"))),
  Stream.map((part) => (part.type === "text-delta" ? part.delta : "")),
  Stream.mkString,
)

const events = [
  { type: "start", answerId: "x" },
  { type: "token", text: "They " },
  { type: "token", text: "float." },
  { type: "done", reason: "stop", latency: 1 },
]

/** A server that is a function. */
const serve = (): Promise<Response> => {
  const frames = events.map((event, index) => `id: ${index + 1}\ndata: ${JSON.stringify(event)}\n\n`)
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const frame of frames) controller.enqueue(new TextEncoder().encode(frame))
      controller.close()
    },
  })
  return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }))
}

const chat = Effect.promise(async () => {
  let said = ""
  const client = new ChatClient({ url: "https://chat.example/chat", fetch: serve })
  for await (const event of client.ask({ messages: [{ role: "user", content: "Why do ships float?" }] })) {
    if (event.type === "token") said += event.text
  }
  return said
})

/** What the program says, on each runtime the same. */
export const said: Effect.Effect<ReadonlyArray<string>, unknown> = Effect.all([answers, refusal, stream, chat])

export const expected: ReadonlyArray<string> = [
  "They displace water. 3 attempts cost $0.000105",
  "BudgetExceeded",
  "They float.",
  "They float.",
]
