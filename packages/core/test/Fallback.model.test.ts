import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Fallback from "../src/Fallback.ts"
import { attemptOf, commands, cutAt, failedEarly, kindOf, type Planned, type Told, type Tried } from "./commands.ts"
import { checkAlways, histories, played } from "./histories.ts"

const names = ["a", "b", "c"] as const

const expected = (call: Planned): Told => {
  const attempts: Array<Tried> = []
  const stop = call.at + call.patience
  let began = call.at
  for (const [number, model] of names.entries()) {
    const attempt = attemptOf(call, number, { model, began })
    const { ended, how } = attempt
    attempts.push(cutAt(attempt, stop))
    if (ended > stop) return { outcome: "interrupted", at: stop, attempts }
    const goesOn = failedEarly(attempt) && how !== "dies"
    const happensElsewhere = kindOf(how)?.kind === "undecodable" || how === "contentPolicy"
    if (!goesOn || happensElsewhere || number === names.length - 1) {
      const failure = goesOn && number > 0 ? "AllModelsFailed" : how
      return { outcome: how === "Completed" ? "answered" : failure, at: ended, attempts }
    }
    began = ended
  }
  throw new Error("unreachable")
}

describe("Fallback.to", () => {
  it.effect("does what its model says, whatever the providers and the caller do", () =>
    histories(commands, (all) =>
      Effect.gen(function* () {
        const result = yield* played(all, ({ model }) =>
          model("a").pipe(Fallback.to(model("b")), Fallback.to(model("c"))),
        )
        assert.deepStrictEqual(result.told, result.calls.map(expected))
        checkAlways(result)
        const chosen = result.events.filter(({ _tag }) => _tag === "FallbackChosen")
        const further = result.told.reduce((sum, { attempts }) => sum + attempts.length - 1, 0)
        assert.lengthOf(chosen, further)
      }),
    ),
  )
})
