import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as ResilientModel from "../src/ResilientModel.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import { hashAtOnce } from "./hashes.ts"
import { chunk, deliver, delta, finish, type Mode, observed, request, script, scripted, wait } from "./scripted.ts"
import { stepped } from "./ticks.ts"

hashAtOnce()

describe.each<Mode>(["generate", "stream"])("an interruption at any point of a cached call to %s", (mode) => {
  it.effect("leaves nothing open, and nothing for the next one to wait for", () =>
    Effect.gen(function* () {
      let runs = 0
      const cache = ResponseCache.exact({ scope: ResponseCache.shared, timeToLive: "1 hour" })
      const short = script(wait(3), chunk(delta("a")), wait(2), chunk(finish()))
      for (let operations = 3; operations <= 64; operations++) {
        for (let ticks = 0; ; ticks++) {
          const model = scripted([short])
          const call = yield* ResilientModel.callOf(model.model.pipe(cache))
          const ask = Effect.suspend(() => deliver(call, request(mode)))
          const run = yield* stepped(Effect.all([ask, ask], { concurrency: "unbounded" }), {
            budget: operations,
            ticks,
          })
          const at = `${mode}, ${operations} operations, ${ticks} ticks`
          assert.strictEqual(model.held, 0, at)
          const before = model.requests.length
          // An answer that says that it was kept was not asked for, and the other way round.
          const next = observed(ask)
          const { exit } = yield* stepped(next, { budget: 2_048, ticks: 200 })
          assert.isTrue(exit._tag === "Success", at)
          const hits = exit._tag === "Success" ? exit.value[1].filter(({ _tag }) => _tag === "CacheHit").length : -1
          assert.strictEqual(hits, before === model.requests.length ? 1 : 0, at)
          assert.strictEqual(model.held, 0, at)
          runs++
          if (run.over) break
        }
      }
      assert.isAbove(runs, 500)
    }),
  )

  it.effect("does not take those with it who come at that moment", () =>
    Effect.gen(function* () {
      const cache = ResponseCache.exact({ scope: ResponseCache.shared, timeToLive: "1 hour" })
      const short = script(wait(20), chunk(delta("a")), wait(20), chunk(finish()))
      for (let operations = 3; operations <= 64; operations++) {
        // Until it comes along, the second one makes some 75 steps.
        for (let delay = Math.max(1, 24 - Math.ceil(75 / operations)); delay <= 25; delay++) {
          const model = scripted([short])
          const call = yield* ResilientModel.callOf(model.model.pipe(cache))
          const ask = Effect.suspend(() => deliver(call, request(mode)))
          const first = Effect.timeoutOption(ask, 25)
          const second = Effect.delay(ask, delay)
          const both = Effect.all([first, second], { concurrency: "unbounded" })
          const { exit } = yield* stepped(both, { budget: operations, ticks: 1_000 })
          const at = `${mode}, ${operations} operations, ${delay} ticks`
          assert.isTrue(exit._tag === "Success" && exit.value[1].exit._tag === "Success", at)
          assert.strictEqual(model.held, 0, at)
        }
      }
    }),
  )
})
