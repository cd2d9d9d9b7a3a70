/**
 * What is wrong with the order of a stack, read from its description.
 */
import { type Description, type Place } from "./description.ts"

/** Two policies that harm each other where they stand. */
export interface Finding {
  /** The policy that stands outside of the other, as it is called in code. */
  readonly outer: string
  readonly inner: string
  /** What happens, and what to do instead. */
  readonly problem: string
  readonly fix: string
}

interface Rule {
  readonly outer: ReadonlyArray<Place>
  readonly inner: ReadonlyArray<Place>
  readonly problem: string
  readonly fix: string
}

const limits = ["rateLimit", "concurrencyLimit"] as const
const retries = ["retry", "resample"] as const
const choices = ["fallback", "route"] as const

const rules: ReadonlyArray<Rule> = [
  {
    outer: ["retry"],
    inner: ["retry"],
    problem: "two retries ask again after the same failures, until the attempts of the call are used up",
    fix: "keep one, next to the model, and let a fallback take over what it gives up",
  },
  {
    outer: ["retry"],
    inner: ["fallback"],
    problem: "each round asks all models, and those that work wait as long as those that fail",
    fix: "pipe a retry onto each model, before the fallback",
  },
  {
    outer: ["retry"],
    inner: ["hedge"],
    problem: "no second request is sent while the retry waits",
    fix: "pipe the hedge after the retry",
  },
  {
    outer: limits,
    inner: retries,
    problem: "a retry that sleeps keeps what the limit gave it, and its attempts are counted as one",
    fix: "pipe the limit before the retry",
  },
  {
    outer: ["rateLimit"],
    inner: ["breaker"],
    problem: "a call waits for the rate, and is then refused by the open circuit",
    fix: "pipe the rate limit before the breaker",
  },
  {
    outer: ["rateLimit"],
    inner: choices,
    problem: "the calls of all models are counted against the limit of one",
    fix: "give each model a rate limit of its own, and pipe it before the fallback or the route",
  },
  {
    outer: ["breaker"],
    inner: retries,
    problem: "the failed attempts of a call count as one, and an open circuit does not end the retries",
    fix: "pipe the breaker before the retry",
  },
  {
    outer: ["breaker"],
    inner: choices,
    problem: "the failures of one model close the way to the others",
    fix: "give each model a breaker of its own, and pipe it before the fallback or the route",
  },
  {
    outer: ["breaker"],
    inner: ["breaker"],
    problem: "with a shared circuit each failure counts twice, and each probe takes two places",
    fix: "keep one, next to the model",
  },
  {
    outer: ["firstPartDeadline"],
    inner: [...retries, "breaker", ...limits],
    problem: "time that was spent waiting is blamed on the model, and no policy inside hears of it",
    fix: "pipe the deadline first, and bound the whole call by Deadline.total",
  },
  {
    outer: ["idleDeadline"],
    inner: ["pacing"],
    problem: "parts that are held back on purpose are blamed on the model",
    fix: "pipe the deadline before what delays the parts",
  },
  {
    outer: ["concurrencyLimit"],
    inner: ["rateLimit"],
    problem: "a call that waits for the rate limit keeps its place from others",
    fix: "pipe the concurrency limit before the rate limit",
  },
  {
    outer: [...limits, "breaker", ...retries, "hedge"],
    inner: ["cache"],
    problem: "an answer that is there waits, or is refused, as if it had to be asked for",
    fix: "pipe the cache after all that belongs to asking",
  },
  {
    outer: retries,
    inner: ["retryBudget"],
    problem: "the budget takes each retry for a new call",
    fix: "pipe the budget for retries after the retry",
  },
  {
    outer: ["fault"],
    inner: [...retries, "breaker", ...limits, "hedge", "firstPartDeadline", "idleDeadline", "deadline"],
    problem: "the policies inside see nothing of the faults",
    fix: "pipe the chaos first",
  },
]

/** All findings of a stack, the outermost first, each pair of policies once. */
export const findings = (stack: Description): ReadonlyArray<Finding> => {
  const found = new Map<string, Finding>()
  const visit = (description: Description, outside: ReadonlyArray<Description>): void => {
    const all = [
      ...harm(description, outside),
      ...halfPaid(description, outside),
      ...boundByHedgeOnly(description, outside),
    ]
    for (const finding of all) found.set(`${finding.outer} ${finding.inner}`, finding)
    for (const inner of description.inner) visit(inner, [...outside, description])
  }
  visit(stack, [])
  return [...found.values()]
}

const isAt = ({ place }: Description, places: ReadonlyArray<Place>): boolean =>
  place !== undefined && places.includes(place)

const harm = (inner: Description, outside: ReadonlyArray<Description>): ReadonlyArray<Finding> =>
  rules.flatMap((rule) =>
    isAt(inner, rule.inner)
      ? outside
          .filter((outer) => isAt(outer, rule.outer))
          .map(({ name }) => ({ outer: name, inner: inner.name, problem: rule.problem, fix: rule.fix }))
      : [],
  )

/** Each of the two requests has its time, and the call that waits for both has none. */
const boundByHedgeOnly = (inner: Description, outside: ReadonlyArray<Description>): ReadonlyArray<Finding> => {
  const hedge = outside.findLast((outer) => outer.place === "hedge")
  if (inner.place !== "deadline" || hedge === undefined) return []
  if (outside.some((outer) => outer.place === "deadline")) return []
  return [
    {
      outer: hedge.name,
      inner: inner.name,
      problem: "each of the two requests has a deadline, and the call has none",
      fix: "pipe a Deadline.total after the hedge",
    },
  ]
}

/** A budget that one of several models is under, and the others are not. */
const halfPaid = (choice: Description, outside: ReadonlyArray<Description>): ReadonlyArray<Finding> => {
  if (!isAt(choice, choices) || outside.some(({ place }) => place === "budget")) return []
  const budgets = choice.inner.map(budgetIn)
  const budget = budgets.find((found) => found !== undefined)
  if (budget === undefined || !budgets.includes(undefined)) return []
  return [
    {
      outer: choice.name,
      inner: budget.name,
      problem: "what the other models cost is under no budget",
      fix: "pipe the budget after the fallback or the route",
    },
  ]
}

const budgetIn = (stack: Description): Description | undefined =>
  stack.place === "budget" ? stack : stack.inner.map(budgetIn).find((found) => found !== undefined)
