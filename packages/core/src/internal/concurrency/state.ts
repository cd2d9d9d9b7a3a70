/**
 * Permits and those who wait for them.
 *
 * Who is more urgent goes first, tenants take turns, and within a tenant the order is that of arrival. But nobody is
 * overtaken more than a few times: then the oldest goes next, whoever else there is. Granting, joining and leaving cost the
 * same however many wait.
 */
import { type Entry, LinkedList } from "../../LinkedList.ts"

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

export const maxOvertaken = 8

/** Where a waiter stands. */
interface Place {
  readonly waiter: Waiter
  readonly arrival: Entry<Place>
  readonly tenant: Tenant
  readonly turn: Entry<Place>
}

interface Tenant {
  readonly name: string
  readonly waiting: LinkedList<Place>
  /** Its place among the tenants, which take turns. */
  turn: Entry<Tenant>
}

interface Line {
  readonly tenants: LinkedList<Tenant>
  readonly byName: Map<string, Tenant>
}

export class FairSemaphore {
  private limit: number
  private readonly queueSize: number
  private taken = 0
  private sequence = 0
  private readonly arrivals = new LinkedList<Place>()
  private readonly entries = new Map<Waiter, Place>()
  private readonly lines: ReadonlyArray<Line>
  /** Sequence numbers of those who were let in before somebody older that still waits; never more than a few. */
  private ahead: ReadonlyArray<number> = []

  constructor(options: { readonly limit: number; readonly places: number; readonly urgencies: number }) {
    this.limit = options.limit
    this.queueSize = options.places
    this.lines = Array.from({ length: options.urgencies }, (): Line => ({
      tenants: new LinkedList(),
      byName: new Map(),
    }))
  }

  get waiting(): number {
    return this.arrivals.size
  }

  get inUse(): number {
    return this.taken
  }

  /** Holds, waits, or is turned away, which `false` says. */
  join(waiter: Waiter): boolean {
    waiter.sequence = ++this.sequence
    if (this.arrivals.size === 0 && this.fits(waiter)) {
      this.hold(waiter)
      return true
    }
    if (this.arrivals.size >= this.queueSize && !this.shedOne(waiter)) return false
    this.add(waiter)
    this.dispatch()
    return true
  }

  /** Gives up waiting, or what is held. */
  leave(waiter: Waiter): void {
    if (waiter.state === "holding") this.taken -= waiter.weight
    else if (waiter.state === "waiting") this.remove(waiter)
    waiter.state = "gone"
    this.dispatch()
  }

  /** Another limit from now on. Who holds more than that keeps it. */
  resize(limit: number): void {
    this.limit = limit
    this.dispatch()
  }

  private dispatch(): void {
    for (let next = this.next(); next !== undefined; next = this.next()) {
      const oldest = this.arrivals.first?.value.waiter
      if (oldest !== undefined && next.sequence > oldest.sequence) this.ahead = [...this.ahead, next.sequence]
      this.remove(next)
      this.rotateTenant(next)
      this.hold(next)
      next.granted()
    }
  }

  private next(): Waiter | undefined {
    const oldest = this.arrivals.first?.value.waiter
    if (oldest === undefined || this.taken >= this.limit) return undefined
    if (this.ahead.length > 0) this.ahead = this.ahead.filter((sequence) => sequence > oldest.sequence)
    if (this.ahead.length >= maxOvertaken) return this.fits(oldest) ? oldest : undefined
    for (const { tenants } of this.lines) {
      for (let turn = tenants.first; turn !== undefined; turn = turn.after) {
        const waiter = turn.value.waiting.first?.value.waiter
        if (waiter !== undefined && this.fits(waiter)) return waiter
      }
    }
    return undefined
  }

  /** One that is heavier than the limit, because that has shrunk, goes in alone. */
  private fits({ weight }: Waiter): boolean {
    return this.taken + weight <= this.limit || this.taken === 0
  }

  private hold(waiter: Waiter): void {
    waiter.state = "holding"
    this.taken += waiter.weight
  }

  private add(waiter: Waiter): void {
    const { byName, tenants } = this.lineOf(waiter)
    const tenant = byName.get(waiter.tenant) ?? newTenant(waiter.tenant, tenants)
    byName.set(waiter.tenant, tenant)
    const place = { waiter, tenant } as { -readonly [K in keyof Place]: Place[K] }
    place.arrival = this.arrivals.append(place)
    place.turn = tenant.waiting.append(place)
    this.entries.set(waiter, place)
  }

  /** Takes somebody out of the line. Who gives up has not had its tenant's turn. */
  private remove(waiter: Waiter): void {
    const place = this.entries.get(waiter)
    if (place === undefined) return
    this.entries.delete(waiter)
    this.arrivals.remove(place.arrival)
    const { tenant } = place
    const { byName, tenants } = this.lineOf(waiter)
    tenant.waiting.remove(place.turn)
    if (tenant.waiting.size > 0) return
    tenants.remove(tenant.turn)
    byName.delete(tenant.name)
  }

  /** The next turn is that of another tenant. */
  private rotateTenant(served: Waiter): void {
    const { byName, tenants } = this.lineOf(served)
    const tenant = byName.get(served.tenant)
    if (tenant === undefined) return
    tenants.remove(tenant.turn)
    tenant.turn = tenants.append(tenant)
  }

  /**
   * Sends away one that is less urgent than the one who comes, or one of a tenant that has more waiting than the tenant of the one
   * who comes will have. So a tenant that floods the queue keeps nobody else out of it.
   */
  private shedOne(waiter: Waiter): boolean {
    for (let index = this.lines.length - 1; index > waiter.urgency; index--) {
      const largest = largestOf(this.lines[index] as Line)
      if (largest !== undefined) return this.shed(largest)
    }
    const line = this.lineOf(waiter)
    const own = line.byName.get(waiter.tenant)?.waiting.size ?? 0
    const largest = largestOf(line)
    return largest !== undefined && largest.waiting.size > own + 1 && this.shed(largest)
  }

  /** Sends away the newest of a tenant. */
  private shed({ waiting }: Tenant): boolean {
    const newest = waiting.last?.value.waiter
    if (newest === undefined) return false
    this.remove(newest)
    newest.state = "gone"
    newest.shed()
    return true
  }

  private lineOf({ urgency }: Waiter): Line {
    return this.lines[urgency] as Line
  }
}

const newTenant = (name: string, tenants: LinkedList<Tenant>): Tenant => {
  const tenant = { name, waiting: new LinkedList<Place>() } as { -readonly [K in keyof Tenant]: Tenant[K] }
  tenant.turn = tenants.append(tenant)
  return tenant
}

/** The tenant that has the most waiting; of several, the one whose newest came last. */
const largestOf = ({ tenants }: Line): Tenant | undefined => {
  let largest: Tenant | undefined
  for (let turn = tenants.first; turn !== undefined; turn = turn.after) {
    if (largest === undefined || isLarger(turn.value, largest)) largest = turn.value
  }
  return largest
}

const isLarger = (one: Tenant, other: Tenant): boolean =>
  one.waiting.size === other.waiting.size ? newestIn(one) > newestIn(other) : one.waiting.size > other.waiting.size

const newestIn = ({ waiting }: Tenant): number => waiting.last?.value.waiter.sequence ?? 0
