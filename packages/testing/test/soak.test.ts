/**
 * A hundred thousand calls through everything, of which nearly a third meets a fault.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

import { assert, describe, it } from "@effect/vitest"
import {
  Breaker,
  Concurrency,
  Deadline,
  Failure,
  Fallback,
  Hedge,
  type ModelCall,
  type ProviderModel,
  ResilientModel,
  Retry,
} from "@holdfast/core"
import { Cause, Clock, Context, Effect, Exit, Random, Scheduler, Stream } from "effect"
import { LanguageModel, Prompt, type Response } from "effect/ai"

import { textOf as textIn, request } from "../../core/test/scripted.ts"
import * as Chaos from "../src/Chaos.ts"
import { generator } from "../src/internal/seeded.ts"
import { VirtualTime } from "../src/internal/simulator/virtualTime.ts"

const rounds = 10
const callsPerRound = 10_000
const callsPerSecond = 200
const rate = 0.3

/** What goes on inside of the providers. */
const open = { requests: 0, most: 0, asked: 0 }

const finish: Response.FinishPartEncoded = {
  type: "finish",
  reason: "stop",
  usage: { inputTokens: { total: 1 }, outputTokens: { total: 4 } },
}

const pieces = (text: string): ReadonlyArray<string> => Array.from({ length: 4 }, (_, index) => `${text}:${index} `)

/** Answers with the words of the request, and counts what it holds for it. */
const echo = (name: string): ResilientModel.ResilientModel<ResilientModel.CallFailure> => {
  const asked = ({ options }: ProviderModel.ProviderRequest) =>
    Effect.as(
      Effect.acquireRelease(
        Effect.sync(() => {
          open.asked++
          open.most = Math.max(open.most, ++open.requests)
        }),
        () => Effect.sync(() => open.requests--),
      ),
      pieces(textOf(options.prompt)),
    )
  const waits = Effect.flatMap(Random.next, (random) => Effect.sleep(200 + random * 800))
  const provider: ProviderModel.ProviderModel = {
    provider: name,
    model: `${name}-1`,
    codecTransformer: LanguageModel.defaultCodecTransformer,
    generate: (asks) =>
      Effect.map(Effect.tap(asked(asks), waits), (said) => ({
        headers: {},
        parts: [{ type: "text", text: said.join("") }, finish],
      })),
    stream: (asks) =>
      Effect.map(Effect.tap(asked(asks), waits), (said) => ({
        headers: {},
        parts: inChunks(said),
      })),
  }
  return ResilientModel.fromProvider(Effect.succeed(provider), { name, settings: {} })
}

/** In two chunks, so that some faults fall between them and some inside. */
const inChunks = (said: ReadonlyArray<string>): Stream.Stream<Response.StreamPartEncoded> => {
  type Chunk = readonly [Response.StreamPartEncoded, ...Array<Response.StreamPartEncoded>]
  const chunks: ReadonlyArray<Chunk> = [
    [{ type: "text-start", id: "1" }, ...said.slice(0, 2).map(delta)],
    [...said.slice(2).map(delta), { type: "text-end", id: "1" }, finish] as unknown as Chunk,
  ]
  let next = 0
  return Stream.fromPull(
    Effect.succeed(
      Effect.suspend((): Effect.Effect<Chunk, Cause.Done> => {
        const chunk = chunks[next++]
        return chunk === undefined ? Cause.done() : Effect.succeed(chunk)
      }),
    ),
  )
}

const delta = (text: string): Response.StreamPartEncoded => ({ type: "text-delta", id: "1", delta: text })

const textOf = (prompt: Prompt.Prompt): string => {
  const [part] = prompt.content[0]?.content ?? []
  return typeof part === "object" && part.type === "text" ? part.text : ""
}

/** For a twentieth of the time the first model is down altogether, so that its breaker has something to do. */
const isOutage = ({ options }: ModelCall.ModelRequest): boolean => {
  const index = Number(textOf(options.prompt ?? Prompt.empty).slice("call ".length)) % callsPerRound
  return index >= callsPerRound * 0.4 && index < callsPerRound * 0.45
}

const careful = (name: string, seed: number) =>
  echo(name).pipe(
    Chaos.inject({ seed, rate }),
    Chaos.inject({ seed, rate: 1, faults: [Chaos.serverError], when: (asks) => name === "first" && isOutage(asks) }),
    Deadline.betweenParts("5 seconds"),
    Deadline.firstPart("5 seconds"),
    Concurrency.limit(400, { queue: 2_000 }),
    Breaker.guard({ trip: { failureRate: 0.5, consecutiveFailures: 20 }, minimumCalls: 100 }),
    Retry.schedule(Retry.standard),
    Hedge.after("1500 millis"),
  )

const stack = careful("first", 1).pipe(Fallback.to(careful("second", 2)), Deadline.total("1 minute"))

interface Seen {
  readonly expected: string
  readonly mode: ModelCall.ModelRequest["mode"]
  text: string
  ends: number
  outcome: string
}

/** One call, and all that its caller saw. */
const asking = <E>(call: ModelCall.ModelCall<E, "chat">, index: number, all: Array<Seen>) =>
  Effect.suspend(() => {
    const name = `call ${index}`
    const mode = index % 2 === 0 ? "stream" : "generate"
    const seen: Seen = { expected: pieces(name).join(""), mode, text: "", ends: 0, outcome: "" }
    all.push(seen)
    const answered = Effect.flatMap(call.open(request(mode, { prompt: Prompt.make(name) })), (parts) =>
      Stream.runForEachArray(parts, (some) =>
        Effect.sync(() => {
          seen.text += textIn(some)
        }),
      ),
    )
    return Effect.map(Effect.exit(Effect.scoped(answered)), (exit) => {
      seen.ends++
      seen.outcome = Exit.isSuccess(exit) ? "answered" : outcomeOf(exit.cause)
    })
  })

const outcomeOf = (cause: Cause.Cause<unknown>): string => {
  const [reason] = cause.reasons
  return reason?._tag === "Fail" ? Failure.tagOf(reason.error) : (reason?._tag ?? "nothing")
}

const round = <E>(call: ModelCall.ModelCall<E, "chat">, first: number, all: Array<Seen>) => {
  const from = (index: number): Effect.Effect<void> =>
    index === first + callsPerRound
      ? Effect.void
      : Effect.forkChild(asking(call, index, all), { startImmediately: true }).pipe(
          Effect.andThen(Effect.sleep(1000 / callsPerSecond)),
          Effect.andThen(Effect.suspend(() => from(index + 1))),
        )
  // The children of a fiber do not outlive it.
  return Effect.andThen(from(first), Effect.sleep("5 minutes"))
}

/** The whole answer, or what came of a stream until it broke. */
const isRight = ({ expected, mode, outcome, text }: Seen): boolean => {
  if (outcome === "answered") return text === expected
  return mode === "stream" ? expected.startsWith(text) : text === ""
}

const collectGarbage = (): void => {
  setFlagsFromString("--expose-gc")
  ;(runInNewContext("gc") as () => void)()
}

const heap = (): number => {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

describe("a hundred thousand calls at 30 % faults", () => {
  it.live("each ends once, with its own answer or a failure, and all leave nothing behind", () =>
    Effect.gen(function* () {
      const time = new VirtualTime()
      const chance = generator(7)
      const services = Context.make(Clock.Clock, time.clock).pipe(
        Context.add(Scheduler.Scheduler, time.scheduler),
        Context.add(Random.Random, { nextDoubleUnsafe: chance, nextIntUnsafe: () => Math.floor(chance() * 2 ** 32) }),
      )
      const call = yield* ResilientModel.callOf(stack)
      const outcomes: Record<string, number> = {}
      const heaps: Array<number> = []
      for (let index = 0; index < rounds; index++) {
        const all: Array<Seen> = []
        const fiber = Effect.runForkWith(services)(round(call, index * callsPerRound, all))
        time.advance({ until: Infinity, events: Infinity })
        assert.deepStrictEqual(fiber.pollUnsafe(), Exit.void)
        assert.deepStrictEqual([all.length, open.requests, time.sleeping], [callsPerRound, 0, 0])
        for (const seen of all) {
          outcomes[seen.outcome] = (outcomes[seen.outcome] ?? 0) + 1
          if (seen.ends !== 1 || !isRight(seen)) assert.fail(JSON.stringify(seen))
        }
        if (index === 1 || index >= rounds - 2) heaps.push(heap())
      }
      // Failures are those of answers that had begun, or of both models. Nothing else comes out.
      const { AllModelsFailed = 0, answered = 0, ...broken } = outcomes
      assert.hasAllKeys(broken, [
        "DeadlineExceeded",
        "InternalProviderError",
        "InvalidResponseError",
        "StreamTruncated",
      ])
      assert.isAbove(answered, 0.85 * rounds * callsPerRound)
      assert.isBelow(AllModelsFailed, 0.05 * rounds * callsPerRound)
      // The first rounds warm up.
      const [settled = 0, ...last] = heaps
      assert.isBelow(Math.min(...last) - settled, 2_000_000)
    }),
  )
})
