import * as PolicyConformance from "@holdfast/testing/PolicyConformance"
import { Schedule } from "effect"

import * as Breaker from "../src/Breaker.ts"
import * as Concurrency from "../src/Concurrency.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Fallback from "../src/Fallback.ts"
import * as Hedge from "../src/Hedge.ts"
import * as RateLimit from "../src/RateLimit.ts"
import * as Resilience from "../src/Resilience.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import * as Retry from "../src/Retry.ts"
import * as RetryBudget from "../src/RetryBudget.ts"
import * as Route from "../src/Route.ts"
import * as StructuredOutput from "../src/StructuredOutput.ts"
import { hashAtOnce } from "./hashes.ts"

hashAtOnce()

const once = Retry.schedule(Schedule.spaced(3).pipe(Schedule.upTo({ times: 1 })))

const subjects: ReadonlyArray<PolicyConformance.Subject> = [
  { name: "Retry.schedule", policy: once, opens: 2, measuresTime: true },
  { name: "Retry.times", policy: Retry.times(1), opens: 2, measuresTime: true },
  { name: "Retry.resample", policy: Retry.resample(Schedule.recurs(1)) },
  { name: "StructuredOutput.repair", policy: StructuredOutput.repair() },
  {
    name: "RetryBudget.ratio",
    policy: (model) => model.pipe(once, RetryBudget.ratio(0, { minRetries: 2 })),
    opens: 2,
    remembers: true,
    refusal: "RetryBudgetExhausted",
    measuresTime: true,
  },
  { name: "Deadline.firstPart", policy: Deadline.firstPart(50), refusal: "DeadlineExceeded", measuresTime: true },
  { name: "Deadline.betweenParts", policy: Deadline.betweenParts(50), measuresTime: true },
  { name: "Deadline.total", policy: Deadline.total(50), refusal: "DeadlineExceeded", measuresTime: true },
  {
    name: "Fallback.to",
    policy: (model, other) => model.pipe(Fallback.to(other)),
    opens: 2,
    refusal: "AllModelsFailed",
  },
  {
    name: "Fallback.when",
    policy: (model, other) => model.pipe(Fallback.when(() => true, other)),
    opens: 2,
    refusal: "AllModelsFailed",
  },
  { name: "Hedge.after", policy: Hedge.after(3, { maxShare: 0 }), opens: 2, remembers: true, measuresTime: true },
  {
    name: "Hedge.to",
    policy: (model, other) => model.pipe(Hedge.to(other, 3, { maxShare: 0 })),
    opens: 2,
    remembers: true,
    measuresTime: true,
  },
  {
    name: "Breaker.guard",
    policy: Breaker.guard({ trip: { consecutiveFailures: 2 }, openFor: Schedule.spaced("1 hour") }),
    remembers: true,
    refusal: "CircuitOpen",
    measuresTime: true,
  },
  {
    name: "RateLimit.perMinute",
    policy: RateLimit.perMinute({ requests: 6, queue: 0 }),
    remembers: true,
    refusal: "RateLimited",
    measuresTime: true,
  },
  {
    name: "Concurrency.limit",
    policy: Concurrency.limit(1, { queue: 0 }),
    remembers: true,
    refusal: "ConcurrencyLimited",
  },
  {
    name: "Concurrency.adaptive",
    policy: Concurrency.adaptive({ initial: 2, max: 2, queue: 0 }),
    remembers: true,
    refusal: "ConcurrencyLimited",
    measuresTime: true,
  },
  {
    name: "ResponseCache.exact",
    policy: ResponseCache.exact({ scope: ResponseCache.shared, timeToLive: "1 hour" }),
    remembers: true,
    measuresTime: true,
  },
  {
    name: "Route.weighted",
    policy: (model, other) =>
      Route.weighted([
        [model, 1],
        [other, 1],
      ]),
    measuresTime: true,
  },
  {
    name: "Route.leastBusy",
    policy: (model, other) => Route.leastBusy([model, other]),
    remembers: true,
    measuresTime: true,
  },
  {
    name: "Route.lowestLatency",
    policy: (model, other) => Route.lowestLatency([model, other]),
    remembers: true,
    measuresTime: true,
  },
  { name: "Route.cheapest", policy: (model, other) => Route.cheapest([model, other], () => 1), measuresTime: true },
  {
    name: "Route.choose",
    policy: (model, other) => Route.choose([model, other], (_, [first]) => first!),
    measuresTime: true,
  },
  { name: "Route.sticky", policy: (model, other) => Route.sticky([model, other]), measuresTime: true },
  {
    name: "Resilience.standard",
    policy: (model, other) => model.pipe(Resilience.standard({ fallbacks: [other], concurrency: 1 })),
    opens: "several",
    remembers: true,
    measuresTime: true,
  },
]

for (const subject of subjects) PolicyConformance.suite(subject)
