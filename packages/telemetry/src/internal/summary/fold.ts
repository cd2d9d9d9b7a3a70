/**
 * Adds up lines of a request log.
 */
import { Money } from "@holdfast/cost"

import { type Line } from "../log/line.ts"
import { Distribution } from "./distribution.ts"
import { type Row, type Summary, type Totals } from "./schema.ts"

class Sum {
  readonly latency = new Distribution()
  readonly firstPart = new Distribution()
  readonly outcomes = { Completed: 0, Failed: 0, Interrupted: 0, Abandoned: 0 }
  readonly tokens: Record<string, number> = {}
  readonly errors = new Map<string, number>()
  cacheHits = 0
  cost: Money.Money = Money.zero

  add(line: Line): void {
    const times = line.sampled
    this.outcomes[line.outcome] += times
    this.latency.add(line.duration, times)
    if (line.timeToFirstPart !== undefined) this.firstPart.add(line.timeToFirstPart, times)
    if (line.cacheHit === true) this.cacheHits += times
    for (const [name, count] of Object.entries(line.tokens))
      this.tokens[name] = (this.tokens[name] ?? 0) + count * times
    this.cost = Money.add(this.cost, Money.times(line.cost, times))
    if (line.errorType !== undefined) this.errors.set(line.errorType, (this.errors.get(line.errorType) ?? 0) + times)
  }

  get totals(): Totals {
    const { Abandoned: abandoned, Completed: completed, Failed: failed, Interrupted: interrupted } = this.outcomes
    const count = completed + failed + interrupted + abandoned
    return {
      count,
      completed,
      failed,
      interrupted,
      abandoned,
      success: count === 0 ? 0 : completed / count,
      failure: count === 0 ? 0 : failed / count,
      cacheHits: this.cacheHits,
      latency: described(this.latency),
      timeToFirstToken: described(this.firstPart),
      tokens: this.tokens,
      cost: this.cost,
      errors: Object.fromEntries([...this.errors].toSorted(([, one], [, other]) => other - one)),
    }
  }
}

const described = (distribution: Distribution) => {
  const [mean, p95] = [distribution.mean, distribution.quantile(0.95)]
  return { ...(mean !== undefined && { mean }), ...(p95 !== undefined && { p95 }) }
}

type Group = "models" | "providers" | "tenants"

/** Keys of one group. Models and tenants come from requests; what is above is added up as `other`. */
const mostKeys = 1_000

export class Fold {
  private readonly calls = new Sum()
  private readonly attempts = new Sum()
  private readonly groups: Readonly<Record<Group, Map<string, Sum>>> = {
    models: new Map(),
    providers: new Map(),
    tenants: new Map(),
  }
  private first = Infinity
  private last = -Infinity

  readonly add = (line: Line): void => {
    this.first = Math.min(this.first, line.at)
    this.last = Math.max(this.last, line.at)
    if (line.line === "call") {
      this.calls.add(line)
      this.sum("tenants", line.tenant ?? "").add(line)
    } else {
      this.attempts.add(line)
      this.sum("models", `${line.provider}/${line.model}`).add(line)
      this.sum("providers", line.provider).add(line)
    }
  }

  summary({ from, to }: { readonly from: number | undefined; readonly to: number | undefined }): Summary {
    return {
      from: from ?? (this.first === Infinity ? 0 : this.first),
      to: to ?? (this.last === -Infinity ? 0 : this.last),
      calls: this.calls.totals,
      attempts: this.attempts.totals,
      models: this.rows("models"),
      providers: this.rows("providers"),
      tenants: this.rows("tenants"),
    }
  }

  private sum(group: Group, key: string): Sum {
    const sums = this.groups[group]
    const known = sums.get(key)
    if (known !== undefined) return known
    const name = sums.size < mostKeys ? key : "other"
    const sum = sums.get(name) ?? new Sum()
    sums.set(name, sum)
    return sum
  }

  private rows(group: Group): ReadonlyArray<Row> {
    return [...this.groups[group]]
      .map(([key, sum]) => ({ key, totals: sum.totals }))
      .toSorted((one, other) => other.totals.count - one.totals.count)
  }
}
