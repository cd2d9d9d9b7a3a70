import { Effect, Stream } from "effect"
import { Breaker, Concurrency, Deadline, Retry, RetryBudget, ResilientModel, Resilience } from "@holdfast/core"
import { interleaved, median } from "./measure.ts"
const calls = 2000
const request: any = { mode: "generate", options: Object.create(null) }
const answer = Effect.succeed(Stream.empty)
const base = () => ResilientModel.make(Effect.succeed({ provider: "b", model: "m", open: () => answer } as any), { name: "bench", settings: {} })
const build = (m: any) => Effect.map(ResilientModel.callOf(m) as any, (c: any) => {
  const one = Effect.scoped(c.open(request)) as any
  const all = Effect.forEach(Array.from({ length: calls }), () => one, { discard: true })
  return { run: () => Effect.runPromise(all as any), units: calls, runs: 1 }
})
const c = await Effect.runPromise(Effect.scoped(Effect.all({
  bare: build(base()),
  total: build(base().pipe(Deadline.total("10 minutes"))),
  first: build(base().pipe(Deadline.firstPart("30 seconds"))),
  between: build(base().pipe(Deadline.betweenParts("30 seconds"))),
  conc: build(base().pipe(Concurrency.limit(64))),
  breaker: build(base().pipe(Breaker.guard())),
  retry: build(base().pipe(Retry.schedule(Retry.standard))),
  rbudget: build(base().pipe(RetryBudget.share(0.1))),
  seven: build(base().pipe(Resilience.standard())),
}) as any)) as any
const r = await interleaved(c, 15) as any
for (const n of Object.keys(r)) console.log(n.padEnd(10), (median(r[n]) - median(r.bare)).toFixed(3), median(r[n]).toFixed(3))
