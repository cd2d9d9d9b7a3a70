/**
 * Permits and those who wait for them.
 *
 * Who is more urgent goes first, tenants take turns, and within a tenant the order is that of arrival. But nobody is
 * overtaken more than a few times: then the oldest goes next, whoever else there is. Granting, joining and leaving cost the
 * same however many wait.
 */

export interface Waiter {
  readonly weight: number
  /** 0 is the most urgent. */
  readonly urgency: number
  readonly tenant: string
  readonly granted: () => void
  /** Its place was given to somebody more urgent. */
  readonly shed: () => void
  sequence: number
  state: "waiting" | "holding" | "gone"
}

export const mostOvertaken = 8

type Line = Map<string, Set<Waiter>>

export class Gate {
  private readonly limit: number
  private readonly places: number
  private free: number
  private sequence = 0
  private readonly arrivals = new Set<Waiter>()
  private readonly lines: ReadonlyArray<Line>
  /** Sequence numbers of those who were let in before somebody older that still waits; never more than a few. */
  private ahead: ReadonlyArray<number> = []

  constructor(options: { readonly limit: number; readonly places: number; readonly urgencies: number }) {
    this.limit = options.limit
    this.places = options.places
    this.free = options.limit
    this.lines = Array.from({ length: options.urgencies }, (): Line => new Map())
  }

  get waiting(): number {
    return this.arrivals.size
  }

  get held(): number {
    return this.limit - this.free
  }

  /** Holds, waits, or is turned away, which `false` says. */
  join(waiter: Waiter): boolean {
    waiter.sequence = ++this.sequence
    if (this.arrivals.size === 0 && waiter.weight <= this.free) {
      this.hold(waiter)
      return true
    }
    if (this.arrivals.size >= this.places && !this.makeRoom(waiter.urgency)) return false
    this.arrivals.add(waiter)
    const line = this.lineOf(waiter)
    const tenant = line.get(waiter.tenant) ?? new Set()
    line.set(waiter.tenant, tenant.add(waiter))
    this.letIn()
    return true
  }

  /** Gives up waiting, or what is held. */
  leave(waiter: Waiter): void {
    if (waiter.state === "holding") this.free += waiter.weight
    else if (waiter.state === "waiting") this.remove(waiter)
    waiter.state = "gone"
    this.letIn()
  }

  private letIn(): void {
    for (let next = this.next(); next !== undefined; next = this.next()) {
      const oldest = first(this.arrivals)
      if (oldest !== undefined && next.sequence > oldest.sequence) this.ahead = [...this.ahead, next.sequence]
      this.remove(next)
      this.turn(next)
      this.hold(next)
      next.granted()
    }
  }

  private next(): Waiter | undefined {
    const oldest = first(this.arrivals)
    if (oldest === undefined || this.free <= 0) return undefined
    this.ahead = this.ahead.filter((sequence) => sequence > oldest.sequence)
    if (this.ahead.length >= mostOvertaken) return oldest.weight <= this.free ? oldest : undefined
    for (const line of this.lines) {
      for (const tenant of line.values()) {
        const waiter = first(tenant)
        if (waiter !== undefined && waiter.weight <= this.free) return waiter
      }
    }
    return undefined
  }

  private hold(waiter: Waiter): void {
    waiter.state = "holding"
    this.free -= waiter.weight
  }

  private remove(waiter: Waiter): void {
    this.arrivals.delete(waiter)
    const line = this.lineOf(waiter)
    const tenant = line.get(waiter.tenant)
    tenant?.delete(waiter)
    if (tenant?.size === 0) line.delete(waiter.tenant)
  }

  /** The next turn is that of another tenant. */
  private turn(waiter: Waiter): void {
    const line = this.lineOf(waiter)
    const tenant = line.get(waiter.tenant)
    if (tenant === undefined) return
    line.delete(waiter.tenant)
    line.set(waiter.tenant, tenant)
  }

  /** Sends away the newest of those who are least urgent, if they are less urgent than the one who comes. */
  private makeRoom(urgency: number): boolean {
    for (let index = this.lines.length - 1; index > urgency; index--) {
      const newest = newestOf(this.lines[index] as Line)
      if (newest === undefined) continue
      this.remove(newest)
      newest.state = "gone"
      newest.shed()
      return true
    }
    return false
  }

  private lineOf({ urgency }: Waiter): Line {
    return this.lines[urgency] as Line
  }
}

const newestOf = (line: Line): Waiter | undefined => {
  let newest: Waiter | undefined
  for (const tenant of line.values()) {
    for (const waiter of tenant) if (newest === undefined || waiter.sequence > newest.sequence) newest = waiter
  }
  return newest
}

const first = <A>(values: ReadonlySet<A>): A | undefined => values.values().next().value
