import { assert, describe, it } from "@effect/vitest"
import { ChatServer } from "@holdfast/server"
import { Deferred, Effect, Layer, Stream } from "effect"

import { ownProcess } from "./support/processes.ts"
import { get, message, post, reader } from "./support/read.ts"
import { forget, redisIsMissing, shared } from "./support/redis.ts"
import { answer, endless as endlessly, readWithCuts } from "./support/resumes.ts"
import { serve } from "./support/serve.ts"
import { longPoll, sse, webSocket } from "./support/transports.ts"

// The whole number takes minutes: HOLDFAST_RESUMES=10000.
const wanted = Number(process.env["HOLDFAST_RESUMES"] ?? 60)

const every = Layer.mergeAll(
  ChatServer.sse(),
  ChatServer.longPoll(),
  ChatServer.webSocket(),
  ChatServer.uiMessageStream(),
)

const served = (chat: ChatServer.Answer<never, never>, store: Layer.Layer<never> = Layer.empty) =>
  serve(Layer.provide(every, Layer.provide(ChatServer.layer(chat, { resume: {}, drainTimeout: 1 }), store)))

const cutsOn = (urls: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    let cuts = 0
    const faults: Array<string> = []
    for (let seed = 1; cuts < wanted; seed++) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- one answer after the other
      const outcome = await readWithCuts(seed, { urls, transports: [sse, longPoll, webSocket] })
      cuts += outcome.cuts
      if (outcome.fault !== undefined) faults.push(outcome.fault)
    }
    return faults
  })

describe("an answer that is cut off and resumed", () => {
  it.live("loses and doubles nothing in memory", () =>
    Effect.gen(function* () {
      const { url } = yield* served(answer())
      assert.deepEqual(yield* cutsOn([url]), [])
    }),
  )

  it.live.skipIf(redisIsMissing)("loses and doubles nothing over two processes (REDIS_URL)", () =>
    Effect.gen(function* () {
      const prefix = `test-${globalThis.crypto.randomUUID()}`
      const [one, other] = yield* Effect.all([ownProcess(prefix), ownProcess(prefix)], { concurrency: 2 })
      assert.deepEqual(yield* cutsOn([one.url, other.url]), [])
    }),
  )
})

const delta = (text: string): ChatServer.Part => ({ type: "text-delta", id: "0", delta: text })

describe.skipIf(redisIsMissing)("answers that processes share (REDIS_URL)", () => {
  it.live("are stopped at any of them, and asked for once at all of them", () =>
    Effect.gen(function* () {
      const prefix = `test-${globalThis.crypto.randomUUID()}`
      const closed = yield* Deferred.make<void>()
      let asked = 0
      const endless = Stream.suspend(() => {
        asked++
        return Stream.concat(Stream.make(delta("One")), Stream.never)
      }).pipe(Stream.onExit(() => Deferred.succeed(closed, undefined)))
      const one = yield* served(() => endless, shared({ prefix }))
      const other = yield* served(() => endless, shared({ prefix }))
      const body = { ...message("go"), answerId: "an-id-of-the-clients-own", chatId: "c1" }
      const first = reader(yield* post(`${one.url}/chat/stream`, body))
      yield* first.until("One")
      const second = reader(yield* post(`${other.url}/chat/stream`, body))
      yield* second.until("One")
      const page = yield* get(`${other.url}/api/chat/c1/stream`)
      const third = reader(page)
      yield* third.until("One")
      assert.strictEqual((yield* get(`${other.url}/chat/${body.answerId}`, { method: "DELETE" })).status, 202)
      yield* Deferred.await(closed)
      assert.include(yield* first.rest, '"reason":"stopped"')
      assert.include(yield* second.rest, '"reason":"stopped"')
      assert.include(yield* third.rest, "[DONE]")
      assert.strictEqual(asked, 1)
    }),
  )

  it.live("go on while they are read at another one, and end when they are not", () =>
    Effect.gen(function* () {
      const prefix = `test-${globalThis.crypto.randomUUID()}`
      const closed = yield* Deferred.make<void>()
      const endless = Stream.concat(Stream.make(delta("One")), Stream.never).pipe(
        Stream.onExit(() => Deferred.succeed(closed, undefined)),
      )
      const serveWith = Effect.suspend(() =>
        serve(
          Layer.provide(
            every,
            Layer.provide(
              ChatServer.layer(() => endless, { resume: { abandonAfter: 50 }, drainTimeout: 1 }),
              shared({ prefix }),
            ),
          ),
        ),
      )
      const [one, other] = [yield* serveWith, yield* serveWith]
      const body = { ...message("go"), answerId: "an-id-of-the-clients-own" }
      const first = reader(yield* post(`${one.url}/chat/stream`, body))
      yield* first.until("One")
      const second = reader(yield* get(`${other.url}/chat/${body.answerId}/stream`))
      yield* second.until("One")
      yield* first.leave
      // Several times as long as it goes on by itself.
      yield* Effect.sleep(300)
      assert.isFalse(yield* Deferred.isDone(closed))
      yield* second.leave
      yield* forget(prefix, "read")
      yield* Deferred.await(closed)
    }),
  )

  it.live("end with a typed error where their process is killed", () =>
    Effect.gen(function* () {
      const prefix = `test-${globalThis.crypto.randomUUID()}`
      const other = yield* served(answer(), shared({ prefix, lease: 600 }))
      const gone = yield* ownProcess(prefix, 600)
      // Long enough that it is not over when its process is.
      const body = { ...message("go"), answerId: "an-id-of-the-clients-own", data: endlessly }
      yield* reader(yield* post(`${gone.url}/chat/stream`, body)).until("token")
      const second = reader(yield* get(`${other.url}/chat/${body.answerId}/stream`))
      yield* second.until("token")
      gone.kill()
      assert.include(yield* second.rest, '"code":"AnswerLost"')
    }),
  )
})
