/**
 * Fourth act: what the run has cost, attempt by attempt, and a budget that is used up.
 */
import { Event, Failure, ResilientModel } from "@holdfast/core"
import { Budget, Ledger, Money, Report } from "@holdfast/cost"
import { Clock, DateTime, Duration, Effect, Option, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import { Providers } from "./providers.ts"
import { dim, line, red, table, title, yellow } from "./terminal.ts"

interface Sum {
  attempts: number
  repeated: number
  input: number
  cached: number
  output: number
  cost: Money.Money
}

const bills: Readonly<Record<Ledger.Settlement["basis"], string>> = {
  reported: "billed",
  estimated: "billed, by estimate",
  unbilled: "not billed",
  unpriced: "without a price",
}

/** What became of an attempt, and how its bill is known. */
const outcomeOf = ({ basis, outcome }: Ledger.Settlement): string =>
  outcome === "Completed" ? "answered" : `${outcome.toLowerCase()}, ${bills[basis]}`

const tokensOf = (tokens: Ledger.Settlement["tokens"], kind: RegExp): number =>
  Object.entries(tokens).reduce((sum, [name, count]) => (kind.test(name) ? sum + count : sum), 0)

const added = (sum: Sum | undefined, { cost, subject, tokens }: Ledger.Settlement): Sum => ({
  attempts: (sum?.attempts ?? 0) + 1,
  repeated: (sum?.repeated ?? 0) + Number(subject.index > 1),
  input: (sum?.input ?? 0) + tokensOf(tokens, /input|cache/i),
  cached: (sum?.cached ?? 0) + tokensOf(tokens, /cacheRead/),
  output: (sum?.output ?? 0) + tokensOf(tokens, /output|reasoning/i),
  cost: Money.add(sum?.cost ?? Money.zero, cost),
})

// Tokens that nobody has reported are unknown, not none.
const cells = ({ attempts, cached, cost, input, output, repeated }: Sum): ReadonlyArray<string> => [
  String(attempts),
  String(repeated),
  ...[input, cached, output].map((tokens) => (input + output === 0 ? "-" : String(tokens))),
  Money.format(cost),
]

/** The journal as a table: a row for each model and outcome. */
const ledgerOfTheRun = Effect.gen(function* () {
  const ledger = yield* Ledger.Ledger
  const sums = yield* Stream.runFold(
    ledger.entries(),
    () => new Map<string, Sum>(),
    (all, entry) => {
      if (entry._tag !== "Settled") return all
      const key = `${entry.settlement.subject.model}\n${outcomeOf(entry.settlement)}`
      return all.set(key, added(all.get(key), entry.settlement))
    },
  )
  const rows = [...sums].toSorted(([one], [other]) => (one < other ? -1 : 1))
  yield* table(
    [
      ["model", "outcome", "attempts", "repeated", "input", "cached", "output", "cost"],
      ...rows.map(([key, sum]) => key.split("\n").concat(cells(sum))),
    ],
    2,
  )
  const { cost, costOfFailures, costOfRepetitions, saved } = (yield* Report.make()).total
  yield* line(
    `\n  ${Money.format(cost)} in all: ${Money.format(costOfFailures)} for attempts that failed, ` +
      `${Money.format(costOfRepetitions)} for those that repeated one`,
  )
  yield* line(`  prompt caches saved ${Money.format(saved)}`)
})

const limit = Money.fromInputUnsafe("0.05 USD")

/** More calls than the budget has room for. */
const calls = 30

const alert = (event: Event.Event): void => {
  if (event._tag !== "ThresholdReached") return
  const { _tag, budget, spent, threshold, window } = event
  const share = `${threshold * 100} % of its ${Money.format(event.limit)} for this ${window}`
  Effect.runSync(line(yellow(`  ! ${_tag}: ${budget} has spent ${Money.format(spent)}, ${share}`)))
}

const ask = Effect.fnUntraced(function* (number: number) {
  const { question } = yield* Providers
  yield* LanguageModel.generateText({ prompt: `${question} Explain it in 150 words. (answer ${number})` })
  const { budgets } = yield* Report.make()
  yield* line(
    dim(`  answer ${number}: ${Money.format(budgets[0]?.spent ?? Money.zero)} of ${Money.format(limit)} are spent`),
  )
})

const budget = Effect.gen(function* () {
  const { model, stage } = yield* Providers
  yield* stage("budget")
  const limited = model.pipe(Budget.enforce({ name: "demo", daily: limit }))
  const refusal = yield* Effect.forEach(
    Array.from({ length: calls }, (_, index) => index + 1),
    ask,
    { discard: true },
  ).pipe(
    Event.listen(alert),
    ResilientModel.provide(limited),
    Effect.as(Option.none<Budget.BudgetExceeded>()),
    Effect.catchTag("BudgetExceeded", (error) => Effect.succeed(Option.some(error))),
  )
  if (Option.isNone(refusal)) return yield* line(`  ${calls} answers did not use it up`)
  yield* line(red(`  ✗ ${Failure.tagOf(refusal.value)}: ${refusal.value.message}`))
  yield* whatToDo(refusal.value)
})

const whatToDo = Effect.fnUntraced(function* ({ resetsAt }: Budget.BudgetExceeded) {
  yield* line("\n  nothing was sent, and nothing was spent; what an operator does about it:")
  if (resetsAt !== undefined) {
    const left = Duration.millis(DateTime.toEpochMillis(resetsAt) - (yield* Clock.currentTimeMillis))
    const [hours, minutes] = [Math.floor(Duration.toHours(left)), Math.floor(Duration.toMinutes(left) % 60)]
    yield* line(`  wait     until ${DateTime.formatIso(resetsAt)}, in ${hours} h ${minutes} min`)
  }
  yield* line(`  raise    Budget.enforce({ daily: "${Money.format(Money.times(limit, 2)).slice(1)} USD" })`)
  yield* line("  degrade  Budget.orElse(cheaper), and BudgetExceeded is no longer in the type")
})

export const money = Effect.gen(function* () {
  yield* title("4a  What it has cost: the ledger of this run")
  yield* ledgerOfTheRun
  yield* title(`4b  A budget of ${Money.format(limit)} for today`)
  yield* budget
})
