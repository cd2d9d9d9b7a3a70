/**
 * How a provider answers an attempt that is made again: as it did then, or, where nobody knows, as it did others.
 */
import { type Attempt, type DecisionTrace } from "../decisions/schema.ts"

/** What an attempt will meet, and how much of it is known. */
export interface Course {
  /** The one that it goes like. */
  readonly attempt: Attempt
  /** What was recorded of the attempt itself. */
  readonly own: Attempt | undefined
  /** Milliseconds. */
  readonly firstPart: number
  readonly duration: number
  readonly known: Known
}

/**
 * `recorded`: as it was. `moved`: as it was, although it begins at another time now. `censored`: nobody waited for its end then, so that
 * is drawn. `drawn`: it was not made then. `nothing`: no attempt at its model was.
 */
type Known = "recorded" | "moved" | "censored" | "drawn" | "nothing"

/** Numbers from 0 to 1. */
export type Chance = () => number

export const sourceOf = ({ model, provider }: { readonly provider: string; readonly model: string }): string =>
  `${provider}/${model}`

/** Nobody saw how these would have ended. */
const isCensored = ({ fault, outcome }: Attempt): boolean =>
  outcome === "Interrupted" || outcome === "Abandoned" || fault?.tag === "DeadlineExceeded"

const hasContent = ({ committed, outcome }: Attempt): boolean => committed || outcome === "Completed"

/** A thousandth of a millisecond is as exact as clocks are. */
export const sameTime = 0.001

export class Pools {
  private readonly bySource = new Map<string, Array<Attempt>>()
  private readonly chance: Chance

  constructor(traces: ReadonlyArray<DecisionTrace>, chance: Chance) {
    this.chance = chance
    for (const { attempts } of traces) for (const attempt of attempts) this.add(attempt)
  }

  /** The course of an attempt that begins at a time of its call, and was the next one at its model then. */
  course(source: string, recorded: Attempt | undefined, at: number): Course | undefined {
    const pool = this.bySource.get(source)
    if (recorded === undefined)
      return pool === undefined ? undefined : this.drawn(pool, { known: "drawn", longerThan: 0, own: undefined })
    if (!isCensored(recorded)) {
      const known = Math.abs(recorded.at - at) <= sameTime ? "recorded" : "moved"
      const { duration, firstPart = duration } = recorded
      return { attempt: recorded, own: recorded, firstPart, duration, known }
    }
    const { duration, firstPart } = recorded
    const options = { known: "censored", longerThan: duration, own: recorded } as const
    if (firstPart === undefined) return this.drawn(pool ?? [], options)
    // It had begun to answer, so it goes on like one that did; the rest took longer than anybody waited.
    const rest = this.drawn(pool?.filter(hasContent) ?? [], options)
    return { ...rest, firstPart, duration: Math.max(rest.duration, duration + 2 * sameTime) }
  }

  private add(attempt: Attempt): void {
    if (isCensored(attempt)) return
    const source = sourceOf(attempt)
    const pool = this.bySource.get(source)
    if (pool === undefined) this.bySource.set(source, [attempt])
    else pool.push(attempt)
  }

  /** One of those that took longer than a time; where none did, one that takes twice as long. */
  private drawn(
    pool: ReadonlyArray<Attempt>,
    { known, longerThan, own }: Pick<Course, "known" | "own"> & { readonly longerThan: number },
  ): Course {
    const fitting =
      longerThan === 0 ? pool : pool.filter(({ duration, firstPart = duration }) => firstPart > longerThan)
    const attempt = fitting[Math.floor(this.chance() * fitting.length)]
    if (attempt !== undefined) {
      const { duration, firstPart = duration } = attempt
      return { attempt, own, firstPart, duration, known }
    }
    const some = pool.find(({ outcome }) => outcome === "Completed") ?? pool[0] ?? nothing
    return { attempt: some, own, firstPart: longerThan * 2, duration: longerThan * 2, known }
  }
}

const nothing: Attempt = {
  at: 0,
  index: 1,
  provider: "",
  model: "",
  duration: 0,
  outcome: "Completed",
  committed: true,
  parts: 1,
  characters: 1,
  tokens: {},
  cost: 0n as Attempt["cost"],
  basis: "unpriced",
}
