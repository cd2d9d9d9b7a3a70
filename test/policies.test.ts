import { readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"
import { Deadline, ModelRequest, Resilience, ResilientModel, Retry } from "@holdfast/core"
import { ScriptedModel } from "@holdfast/testing"
import * as PolicyConformance from "@holdfast/testing/PolicyConformance"
import { Clock, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"

import * as Bulkhead from "../examples/policies/Bulkhead.ts"
import * as Throttle from "../examples/policies/Throttle.ts"

PolicyConformance.suite({
  name: "Bulkhead.permits",
  policy: Bulkhead.permits(1),
  remembers: true,
  refusal: "BulkheadFull",
})

PolicyConformance.suite({
  name: "Throttle.bytesPerSecond",
  policy: Throttle.bytesPerSecond(500),
  measuresTime: true,
})

describe("the policies of the guide", () => {
  it.each(["Bulkhead", "Throttle"])("are shown there as they are: %s", (name) => {
    const guide = readFileSync("docs/writing-a-policy.md", "utf8")
    assert.include(guide, readFileSync(`examples/policies/${name}.ts`, "utf8").trimEnd())
  })

  it.each([0, 1.5, Number.NaN])("refuse options that are no such number: %d permits", async (count) => {
    const exit = await Effect.runPromise(
      Effect.exit(Effect.scoped(Layer.build(Bulkhead.permits(count)(ScriptedModel.model())))),
    )
    assert.include(String(exit), "Bulkhead.permits: it needs a whole number of permits")
  })

  it("refuse a rate that is none", async () => {
    const exit = await Effect.runPromise(
      Effect.exit(Effect.scoped(Layer.build(Throttle.bytesPerSecond(0)(ScriptedModel.model())))),
    )
    assert.isTrue(Exit.isFailure(exit))
  })

  it.effect("pace a stream by its bytes, from its first part on", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.model(ScriptedModel.text(["ab", "é", "c", "d"])).pipe(Throttle.bytesPerSecond(2))
      const call = yield* ResilientModel.callOf(model)
      const times: Array<string> = []
      const fiber = yield* Effect.forkChild(
        Effect.scoped(
          Effect.flatMap(call.open(ModelRequest.make("stream", "hi")), (answer) =>
            Stream.runForEach(answer, (part) =>
              Effect.map(Clock.currentTimeMillis, (now) => {
                if (part.type === "text-delta") times.push(`${part.delta}@${now}`)
              }),
            ),
          ),
        ),
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(times, ["ab@0", "é@1000", "c@2000", "d@2500"])
    }),
  )

  it("have places, so that their order is checked", () => {
    const model = ScriptedModel.model()
    const limited = model.pipe(Retry.schedule(Retry.standard), Bulkhead.permits(1))
    const paced = model.pipe(Throttle.bytesPerSecond(10), Deadline.betweenParts("1 second"))
    const found = [...Resilience.check(limited), ...Resilience.check(paced)]
    assert.deepStrictEqual(
      found.map(({ inner, outer }) => [outer, inner]),
      [
        ["Bulkhead.permits", "Retry.schedule"],
        ["Deadline.betweenParts", "Throttle.bytesPerSecond"],
      ],
    )
  })
})
