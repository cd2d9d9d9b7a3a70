/**
 * A gate as its documentation says it, without a thought for what it costs: the model of `Gate` in tests.
 */
export interface Guest {
  readonly id: number
  readonly weight: number
  readonly urgency: number
  readonly tenant: string
}

export class ReferenceGate {
  limit: number
  private readonly places: number
  private readonly tell: { readonly granted: (id: number) => void; readonly shed: (id: number) => void }
  private readonly inside = new Map<number, Guest>()
  /** In the order of arrival. */
  private readonly line: Array<Guest & { overtaken: number }> = []
  /** Tenants that wait, by urgency, whose turn comes first before the others. */
  private readonly turns = new Map<number, Array<string>>()

  constructor(options: { readonly limit: number; readonly places: number }, tell: ReferenceGate["tell"]) {
    this.limit = options.limit
    this.places = options.places
    this.tell = tell
  }

  get held(): number {
    return [...this.inside.values()].reduce((sum, { weight }) => sum + weight, 0)
  }

  get waiting(): number {
    return this.line.length
  }

  isInside(id: number): boolean {
    return this.inside.has(id)
  }

  join(guest: Guest): boolean {
    if (this.line.length === 0 && this.fits(guest)) {
      this.inside.set(guest.id, guest)
      return true
    }
    if (this.line.length >= this.places) {
      const victim = this.victim(guest)
      if (victim === undefined) return false
      this.forget(victim)
      this.tell.shed(victim.id)
    }
    this.line.push({ ...guest, overtaken: 0 })
    const turns = this.turns.get(guest.urgency) ?? []
    this.turns.set(guest.urgency, turns.includes(guest.tenant) ? turns : [...turns, guest.tenant])
    this.letIn()
    return true
  }

  /** One of those who are least urgent, if the guest is more urgent, or one of a tenant that has more waiting than the guest's. */
  private victim({ tenant, urgency }: Guest): Guest | undefined {
    const least = Math.max(-1, ...this.line.map((each) => each.urgency))
    if (least < urgency) return undefined
    const line = this.line.filter((each) => each.urgency === least)
    const waiting = (name: string) => line.filter((each) => each.tenant === name).length
    const most = Math.max(...line.map((each) => waiting(each.tenant)))
    if (least === urgency && most <= waiting(tenant) + 1) return undefined
    return line.findLast((each) => waiting(each.tenant) === most)
  }

  leave(id: number): void {
    const waiting = this.line.find((guest) => guest.id === id)
    if (waiting !== undefined) this.forget(waiting)
    this.inside.delete(id)
    this.letIn()
  }

  letIn(): void {
    for (let next = this.next(); next !== undefined; next = this.next()) {
      const { id, tenant, urgency } = next
      for (const older of this.line.slice(
        0,
        this.line.findIndex((guest) => guest.id === id),
      ))
        older.overtaken++
      this.forget(next)
      const turns = this.turns.get(urgency) ?? []
      if (turns.includes(tenant)) this.turns.set(urgency, [...turns.filter((name) => name !== tenant), tenant])
      this.inside.set(id, next)
      this.tell.granted(id)
    }
  }

  private next(): Guest | undefined {
    const [oldest] = this.line
    if (oldest === undefined || this.held >= this.limit) return undefined
    if (oldest.overtaken >= 8) return this.fits(oldest) ? oldest : undefined
    const byUrgency = [...this.turns].toSorted(([one], [other]) => one - other)
    return byUrgency
      .flatMap(([urgency, tenants]) =>
        tenants.map((tenant) => this.line.find((guest) => guest.urgency === urgency && guest.tenant === tenant)),
      )
      .find((guest) => guest !== undefined && this.fits(guest))
  }

  private fits({ weight }: Guest): boolean {
    return this.held === 0 || this.held + weight <= this.limit
  }

  private forget({ id, tenant, urgency }: Guest): void {
    this.line.splice(
      this.line.findIndex((guest) => guest.id === id),
      1,
    )
    if (this.line.some((guest) => guest.urgency === urgency && guest.tenant === tenant)) return
    this.turns.set(
      urgency,
      (this.turns.get(urgency) ?? []).filter((name) => name !== tenant),
    )
  }
}
