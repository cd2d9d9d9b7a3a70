import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"

import { SingleFlight } from "../../../src/internal/responseCache/flight.ts"
import type * as ModelCall from "../../../src/ModelCall.ts"
import * as ResilientModel from "../../../src/ResilientModel.ts"
import {
  chunk,
  delta,
  errors,
  fails,
  finish,
  type Mode,
  request,
  script,
  scripted,
  textOf,
  wait,
} from "../../scripted.ts"
import { stepped } from "../../ticks.ts"

const short = script(wait(2), chunk(delta("a")), wait(2), chunk(delta("b")), chunk(finish()))
const breaking = script(chunk(delta("a")), wait(2), fails(errors.broken))

describe.each<Mode>(["generate", "stream"])("a flight that gets an answer to %s", (mode) => {
  it.effect(
    "leaves nothing open, wherever its passengers are interrupted, and takes nobody with it who boards later",
    () =>
      Effect.gen(function* () {
        let runs = 0
        for (let operations = 3; operations <= 64; operations++) {
          for (let ticks = 0; ; ticks++) {
            const model = scripted([operations % 5 === 0 ? breaking : short])
            const call = yield* ResilientModel.callOf(model.model)
            const log = { closed: 0, arrived: 0 }
            const flight = new SingleFlight(call.open(request(mode)), {
              closed: () => void log.closed++,
              arrived: () => Effect.sync(() => void log.arrived++),
            })
            const ride = (delay: number) =>
              Effect.andThen(
                Effect.sleep(delay),
                Effect.suspend(() => (log.closed > 0 ? Effect.void : listen(flight))),
              )
            const all = Effect.all([ride(0), ride(1), ride(3)], { concurrency: "unbounded" })
            const run = yield* stepped(all, { budget: operations, ticks })
            const at = `${mode}, ${operations} operations, ${ticks} ticks`
            assert.strictEqual(model.held, 0, at)
            assert.isAtMost(model.requests.length, 1, at)
            assert.isTrue(model.requests.length === 0 || log.closed > 0, at)
            runs++
            if (run.over) break
          }
        }
        assert.isAbove(runs, 300)
      }),
  )
})

const listen = <E>(flight: SingleFlight<E>): Effect.Effect<string> =>
  Effect.scoped(
    Effect.flatMap(
      Effect.uninterruptibleMask((restore) => flight.subscribe(restore)),
      (answer) => Stream.runCollect(answer),
    ),
  ).pipe(
    Effect.map((parts: ReadonlyArray<ModelCall.Part>) => textOf(parts)),
    Effect.catch(() => Effect.succeed("failed")),
  )
