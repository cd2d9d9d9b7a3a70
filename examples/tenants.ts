/**
 * An application whose tenants have daily limits of their own, on a ledger of your choice.
 *
 * `node examples/tenants.ts [memory|sqlite|postgres]` needs no key: an emulator on this machine answers. What was spent
 * survives in `sqlite` (in the file of `LEDGER_FILE`) and in `postgres` (at `DATABASE_URL`): started again, whoever has used up
 * the limit of today is refused at once.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Event, Failure, RequestContext } from "@holdfast/core"
import { Money, Report } from "@holdfast/cost"
import { Console, Effect, Layer } from "effect"
import { Argument, Command } from "effect/cli"

import { Assistant } from "./tenants/Assistant.ts"
import { ledgers } from "./tenants/ledgers.ts"
import { tenants } from "./tenants/model.ts"
import { emulated } from "./tenants/provider.ts"

const questions = ["ships float", "tides turn", "sails pull", "ropes hold", "anchors grip", "lighthouses blink"]

const say = (tenant: string, text: string) => Console.log(`  ${tenant.padEnd(6)}  ${text}`)

/** What one tenant does on this day. A request handler would name the tenant as it is named here, once and at the edge. */
const day = (tenant: string) =>
  Effect.gen(function* () {
    const assistant = yield* Assistant
    for (const topic of questions) {
      const said = yield* assistant.ask(`Why do ${topic}?`).pipe(
        Effect.catchTag("BudgetExceeded", (error) => Effect.succeed(`BudgetExceeded: ${error.message}`)),
        Effect.catchTag("AssistantUnavailable", ({ message }) => Effect.succeed(message)),
      )
      yield* say(tenant, `Why do ${topic}? ${said}`)
    }
  }).pipe(RequestContext.annotate({ tenant }))

const alerts = Event.layerSink((event) => {
  if (event._tag !== "ThresholdReached") return
  const { limit, scope = "all", spent, threshold, window } = event
  const share = `${threshold * 100} % of ${Money.format(limit)} for this ${window}`
  Effect.runSync(say(scope, `! ThresholdReached: ${Money.format(spent)} are spent, ${share}`))
})

const program = Effect.gen(function* () {
  yield* Effect.forEach(tenants, day, { concurrency: "unbounded", discard: true })
  yield* Console.log(`\n${Report.toTable(yield* Report.make())}`)
})

const command = Command.make(
  "tenants",
  {
    ledger: Argument.Literals("ledger", ["memory", "sqlite", "postgres"]).pipe(
      Argument.withDescription("Where it is kept what was spent"),
      Argument.withDefault("memory"),
    ),
  },
  Effect.fnUntraced(function* ({ ledger }) {
    yield* Console.log(`Two tenants and their budgets, on a ledger in ${ledger}\n`)
    // The one line that differs.
    const application = Assistant.layer.pipe(Layer.provideMerge(ledgers[ledger]), Layer.provide(emulated))
    yield* Effect.provide(program, Layer.merge(application, alerts))
  }),
).pipe(Command.withDescription("Tenants with budgets of their own"))

Command.run(command, { version: "0.1.0" }).pipe(
  Effect.tapError((error) => Console.error(`\n${Failure.messageOf(error)}`)),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ disableErrorReporting: true }),
)
