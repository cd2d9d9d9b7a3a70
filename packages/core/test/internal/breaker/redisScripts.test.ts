import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Random } from "effect"
import * as fc from "fast-check"

import * as Scripts from "../../../src/internal/breaker/redisScripts.ts"
import { CircuitRegistry, type Mode } from "../../../src/internal/breaker/registry.ts"
import type * as BreakerState from "../../../src/internal/breaker/state.ts"
import { ServerTime, redisLink } from "../../../src/internal/redis.ts"
import { type Command as Happening, command as happening, outcomeOf, someRules } from "../../breakerCommands.ts"
import { redisIsMissing, withRedis } from "../../redis.ts"

type Command = Happening | { readonly _tag: "Set"; readonly mode: Mode }

const modes: ReadonlyArray<Mode> = ["forcedOpen", "disabled", "observing", "normal", "normal"]

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 12, arbitrary: happening },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Set" as const), mode: fc.constantFrom(...modes) }) },
)

const openFor = 5_000

let chance = 0

const random: typeof Random.Random.Service = { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => chance }

const phases = { closed: "Closed", ramping: "Closed", open: "Open", halfOpen: "HalfOpen" }

/** Both sides, the circuits in memory and the scripts, told the same; each decision is compared. */
const compared = Effect.fnUntraced(function* (
  ask: (
    script: typeof Scripts.look,
    now: number,
    args: ReadonlyArray<string | number>,
  ) => Effect.Effect<Scripts.Answer>,
  rules: BreakerState.Rules,
  commands: ReadonlyArray<Command>,
  reached: Set<string>,
) {
  const fiber = yield* Effect.withFiber(Effect.succeed)
  const circuits = new CircuitRegistry()
  const circuit = circuits.acquire("key", rules)
  const text = JSON.stringify({ ...rules, slowerThan: undefined })
  const tickets: Array<{ readonly ticket: BreakerState.Ticket; committed: boolean }> = []
  let now = 1_790_000_000_000
  for (const step of commands) {
    let said: Scripts.Answer | undefined
    if (step._tag === "Wait") now += step.millis
    if (step._tag === "Set") {
      circuits.setMode("key", step.mode, now, fiber)
      said = yield* ask(Scripts.setMode, now, [text, step.mode, 1])
      assert.strictEqual(said[0], 1)
    }
    if (step._tag === "Ask") {
      chance = step.chance
      const admission = circuits.admit(circuit, now, fiber)
      said = yield* ask(Scripts.admit, now, [text, step.chance])
      const [allowed, detail, , , epoch] = said
      if (admission._tag === "Refused") assert.deepStrictEqual([allowed, detail], [0, Math.ceil(admission.retryAfter)])
      else {
        assert.deepStrictEqual([allowed, detail, epoch], [1, admission.ticket.probe ?? 0, admission.ticket.epoch])
        tickets.push({ ticket: admission.ticket, committed: false })
      }
    }
    if (step._tag === "End") {
      const entry = tickets[step.which % Math.max(1, tickets.length)]
      if (entry === undefined) continue
      const { ticket } = entry
      const outcome = outcomeOf(step.how, entry.committed)
      const streamed = outcome._tag === "Committed" && outcome.streamed
      const opening = circuits.record(circuit, { ticket, outcome, now }, fiber)
      const slow = outcome._tag === "Committed" && outcome.timeToFirstPart > rules.slowerThan
      const told = [ticket.epoch, ticket.probe ?? 0, outcome._tag, slow ? 1 : 0, streamed ? 1 : 0]
      said = yield* ask(Scripts.record, now, [text, ...told])
      assert.strictEqual(said[0], opening ?? 0)
      if (opening !== undefined) {
        circuits.open(circuit, ticket.epoch, { now, openFor }, fiber)
        said = yield* ask(Scripts.open, now, [text, ticket.epoch, openFor, opening])
      }
      if (streamed) entry.committed = true
      else tickets.splice(tickets.indexOf(entry), 1)
    }
    if (said === undefined) continue
    const [seen] = circuits.status(now)
    const [, , mode, phase, epoch] = said
    reached.add(`${mode} ${phase}`)
    if (circuit.state.circuit._tag === "Closed" && circuit.state.circuit.since !== undefined) reached.add("recovered")
    if (circuit.state.openings > 1) reached.add("opened again")
    assert.deepStrictEqual([mode, phase, epoch], [seen?.mode, phases[seen?.phase ?? "closed"], circuit.state.epoch])
  }
})

describe.skipIf(redisIsMissing)("the scripts of a breaker on Redis (REDIS_URL)", () => {
  it.effect("decide as its kernel does, whatever happens", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const link = yield* redisLink("Test", { prefix, timeout: "10 seconds" })
        const reached = new Set<string>()
        let runs = 0
        const run = Effect.runPromiseExitWith(yield* Effect.context())
        const property = fc.asyncProperty(
          someRules,
          fc.array(command, { minLength: 40, maxLength: 120, size: "max" }),
          async (rules, commands) => {
            const keys = [`${prefix}:${runs++}`]
            const exit = await run(
              compared(
                (script, now, args) =>
                  Effect.flatMap(Effect.provideService(link.ask(script, { keys, args }), ServerTime, now), (answer) =>
                    answer === undefined ? Effect.die("no answer") : Effect.succeed(answer),
                  ),
                rules,
                commands,
                reached,
              ).pipe(Effect.provideService(Random.Random, random)),
            )
            if (Exit.isFailure(exit)) throw exit.cause.reasons[0]
          },
        )
        yield* Effect.promise(() => fc.assert(property, { numRuns: 250, seed: 42 }))
        assert.strictEqual(runs, 250)
        // All of it was seen: three phases in three modes at least, and the ways in between.
        for (const mode of ["normal", "observing"]) {
          for (const phase of ["Closed", "Open", "HalfOpen"]) assert.isTrue(reached.has(`${mode} ${phase}`))
        }
        for (const seen of ["forcedOpen Open", "disabled Closed", "recovered", "opened again"]) {
          assert.isTrue(reached.has(seen), seen)
        }
      }),
    ),
  )
})
