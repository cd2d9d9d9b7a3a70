/**
 * What is wrong with the order of a stack, read from its description.
 */
import { type Description } from "./description.ts"

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
  readonly outer: RegExp
  readonly inner: RegExp
  readonly problem: string
  readonly fix: string
}

const retry = /^Retry\./
const limiter = /^(RateLimit|Concurrency)\./
const several = /^(Fallback|Route|Cheapest)\./

const rules: ReadonlyArray<Rule> = [
  {
    outer: /^Retry\.schedule$/,
    inner: /^Retry\.schedule$/,
    problem: "two retries ask again after the same failures, until the attempts of the call are used up",
    fix: "keep one, next to the model, and let a fallback take over what it gives up",
  },
  {
    outer: limiter,
    inner: retry,
    problem: "a retry that sleeps keeps what the limit gave it, and its attempts are counted as one",
    fix: "pipe the limit before the retry",
  },
  {
    outer: /^Breaker\./,
    inner: retry,
    problem: "the failed attempts of a call count as one, and an open circuit does not end the retries",
    fix: "pipe the breaker before the retry",
  },
  {
    outer: /^Breaker\./,
    inner: several,
    problem: "the failures of one model close the way to the others",
    fix: "give each model a breaker of its own, and pipe it before the fallback or the route",
  },
  {
    outer: /^Deadline\.firstPart$/,
    inner: /^(Retry|Breaker|RateLimit|Concurrency)\./,
    problem: "time that was spent waiting is blamed on the model, and no policy inside hears of it",
    fix: "pipe the deadline first, and bound the whole call by Deadline.total",
  },
  {
    outer: /^Concurrency\./,
    inner: /^RateLimit\./,
    problem: "a call that waits for the rate limit keeps its place from others",
    fix: "pipe the concurrency limit before the rate limit",
  },
  {
    outer: /^(RateLimit|Concurrency|Breaker|Retry|Hedge)\./,
    inner: /^ResponseCache\./,
    problem: "an answer that is there waits, or is refused, as if it had to be asked for",
    fix: "pipe the cache after all that belongs to asking",
  },
  {
    outer: retry,
    inner: /^RetryBudget\./,
    problem: "the budget takes each retry for a new call",
    fix: "pipe the budget for retries after the retry",
  },
  {
    outer: /^Chaos\./,
    inner: /^(Retry|Breaker|RateLimit|Concurrency|Hedge|Deadline)\./,
    problem: "the policies inside see nothing of the faults",
    fix: "pipe the chaos first",
  },
]

/** All findings of a stack, the outermost first, each pair of policies once. */
export const findings = (stack: Description): ReadonlyArray<Finding> => {
  const found = new Map<string, Finding>()
  const visit = (description: Description, outside: ReadonlyArray<string>): void => {
    for (const finding of harm(description.name, outside)) found.set(`${finding.outer} ${finding.inner}`, finding)
    if (isBoundByHedgeOnly(description.name, outside)) found.set("Deadline.total", deadlineInHedge(outside))
    for (const inner of description.inner) visit(inner, [...outside, description.name])
  }
  visit(stack, [])
  return [...found.values()]
}

const harm = (name: string, outside: ReadonlyArray<string>): ReadonlyArray<Finding> =>
  rules.flatMap(({ fix, inner, outer, problem }) =>
    inner.test(name)
      ? outside.filter((one) => outer.test(one)).map((one) => ({ outer: one, inner: name, problem, fix }))
      : [],
  )

const isHedge = (name: string): boolean => name.startsWith("Hedge.")

/** Each of the two requests has its time, and the call that waits for both has none. */
const isBoundByHedgeOnly = (name: string, outside: ReadonlyArray<string>): boolean =>
  name === "Deadline.total" && outside.some(isHedge) && !outside.includes("Deadline.total")

const deadlineInHedge = (outside: ReadonlyArray<string>): Finding => ({
  outer: outside.findLast(isHedge) ?? "Hedge",
  inner: "Deadline.total",
  problem: "each of the two requests has a deadline, and the call has none",
  fix: "pipe a Deadline.total after the hedge",
})
