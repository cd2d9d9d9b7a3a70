/**
 * What a batch job decides: how its items are cut into pieces, what the next step of a piece is, and what became of a create whose
 * answer nobody has. Plain data, without a clock, a database or a vendor.
 *
 * A piece is one batch of the vendor. Its states are steps that cannot be taken back:
 *
 * prepared --upload--> uploaded --write the intent--> submitting --create--> submitted --poll, and keep the answers--> ended
 * --settle each item--> settled
 *
 * No vendor's create is idempotent. So it is written down before that it is about to be made, and who finds such an intent without
 * an answer looks for the batch in the vendor's list before another one is made.
 */
import { type Candidate, type Limits, type Status } from "@holdfast/core/provider/BatchProvider"

export type State = "prepared" | "uploaded" | "submitting" | "submitted" | "ended" | "settled"

export const states: ReadonlyArray<State> = ["prepared", "uploaded", "submitting", "submitted", "ended", "settled"]

/** Items of a job from `from` up to, and without, `to`, in one batch of the vendor. */
export interface Piece {
  readonly job: string
  readonly piece: number
  readonly state: State
  /** 1 at first; one more each time that the vendor refused the batch for some of its items. */
  readonly attempt: number
  readonly from: number
  readonly to: number
  /** How many items are sent. */
  readonly sent: number
  readonly file: string | undefined
  readonly batch: string | undefined
  /** When the create was about to be made; Unix milliseconds. */
  readonly intentAt: number | undefined
}

/** What is to be done with a piece next. */
export type Step = "upload" | "declare" | "reconcile" | "poll" | "giveUp" | "finish" | "nothing"

/**
 * The next step. A job that is to be canceled before its batch is made makes none; one that may have been made is looked for all the
 * same, because it may be billed.
 */
export const nextStep = ({ sent, state }: Piece, { canceled }: { readonly canceled: boolean }): Step => {
  switch (state) {
    case "prepared":
    case "uploaded":
      if (canceled) return "giveUp"
      if (sent === 0) return "finish"
      return state === "prepared" ? "upload" : "declare"
    case "submitting":
      return "reconcile"
    case "submitted":
      return "poll"
    default:
      return "nothing"
  }
}

/** The state of a job: that of the piece which is behind all others. A job without pieces has nothing to wait for. */
export const stateOf = (pieces: ReadonlyArray<Pick<Piece, "state">>): State =>
  pieces.reduce<State>((least, { state }) => (states.indexOf(state) < states.indexOf(least) ? state : least), "settled")

export interface Range {
  readonly from: number
  readonly to: number
}

/** How much of a batch an item takes. */
export interface Sized {
  readonly seq: number
  /** In bytes. */
  readonly size: number
  /** How many texts it asks vectors for. */
  readonly texts: number
}

/** Cuts items into pieces as their sizes come, in order. */
export class Splitter {
  readonly #limits: Limits
  readonly ranges: Array<Range> = []
  #from = 0
  #items = 0
  #bytes = 0
  #texts = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** The next item that is sent. Those between that are not sent belong to the piece before. */
  add({ seq, size, texts }: Sized): void {
    if (this.#items > 0 && !this.#fits(size, texts)) {
      this.ranges.push({ from: this.#from, to: seq })
      this.#from = seq
      this.#items = 0
      this.#bytes = 0
      this.#texts = 0
    }
    this.#items++
    this.#bytes += size
    this.#texts += texts
  }

  #fits(size: number, texts: number): boolean {
    const { bytes, items, texts: most = Infinity } = this.#limits
    return this.#items < items && this.#bytes + size <= bytes && this.#texts + texts <= most
  }

  /** All pieces, when there are so many items in all. */
  end(items: number): ReadonlyArray<Range> {
    return items > this.#from ? [...this.ranges, { from: this.#from, to: items }] : this.ranges
  }
}

/** What is known of a create whose answer nobody has. */
export interface Doubt {
  readonly candidates: ReadonlyArray<Candidate>
  /** Batches that belong to other pieces, or whose first answer is of somebody else. */
  readonly excluded: ReadonlySet<string>
  readonly now: number
  /** From when on the vendor's list shows what was made, and whoever made the intent has given up. */
  readonly certainAt: number
}

export type Verdict =
  | { readonly _tag: "Adopt"; readonly batch: string }
  | { readonly _tag: "Create" }
  | { readonly _tag: "LookAgain" }
  /** Nobody can know yet whose these are. */
  | { readonly _tag: "Unsure"; readonly suspects: readonly [string, ...ReadonlyArray<string>] }

/**
 * What became of a create. The oldest batch of our name is the one; none at all, long enough after the intent, means that none was
 * made.
 */
export const verdict = ({ candidates, certainAt, excluded, now }: Doubt): Verdict => {
  const known = candidates
    .filter(({ id }) => !excluded.has(id))
    .toSorted((one, other) => one.createdAt - other.createdAt)
  const own = known.find(({ certain }) => certain)
  if (own !== undefined) return { _tag: "Adopt", batch: own.id }
  if (now < certainAt) return { _tag: "LookAgain" }
  const [first, ...rest] = known.map(({ id }) => id)
  return first === undefined ? { _tag: "Create" } : { _tag: "Unsure", suspects: [first, ...rest] }
}

/** What follows from how a batch stands. */
export type Standing =
  | { readonly _tag: "Running" }
  | { readonly _tag: "Over" }
  /** The vendor refused the batch for these items. The rest can be sent again. */
  | { readonly _tag: "Invalid"; readonly items: ReadonlyMap<number, string> }
  | { readonly _tag: "Failed" }

/** `seqOf` reads an item's place out of its name at the vendor. */
export const standingOf = (
  { invalid, state }: Pick<Status, "invalid" | "state">,
  seqOf: (id: string) => number | undefined,
): Standing => {
  if (state === "running") return { _tag: "Running" }
  if (state === "ended") return { _tag: "Over" }
  const items = new Map<number, string>()
  for (const { id, message } of invalid) {
    const seq = seqOf(id)
    if (seq !== undefined) items.set(seq, message)
  }
  return items.size === 0 ? { _tag: "Failed" } : { _tag: "Invalid", items }
}

/** The names of items at the vendor: of letters, digits and `-`, and such that whose batch it is can be read from any of them. */
export const nameOf = (key: string, seq: number): string => `${key}-${seq}`

export const seqIn =
  (key: string, { from, to }: Range) =>
  (name: string): number | undefined => {
    const place = name.startsWith(`${key}-`) ? name.slice(key.length + 1) : ""
    if (!/^\d{1,15}$/.test(place)) return undefined
    const seq = Number(place)
    return seq >= from && seq < to ? seq : undefined
  }

/** The name of a batch, which people see in the vendor's console. */
export const batchName = (job: string, key: string, { attempt, piece }: Pick<Piece, "attempt" | "piece">): string =>
  `${job.replaceAll(/[^\w.-]+/g, "-").slice(0, 40)}-${key}-${piece}-${attempt}`
