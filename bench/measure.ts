/**
 * Side-by-side timing on a noisy machine: contestants take turns in short rounds, and each round gives one ratio.
 */
/* oxlint-disable eslint/no-await-in-loop -- one after the other is the point */
import { performance } from "node:perf_hooks"

/** Something to be timed; `units` is how many calls or parts one run stands for. */
export interface Contestant {
  readonly run: () => Promise<unknown>
  readonly units: number
  readonly runs: number
}

export type Contestants<Name extends string> = Readonly<Record<Name, Contestant>>

/** Microseconds per unit of every round. */
export type Rounds<Name extends string> = Readonly<Record<Name, ReadonlyArray<number>>>

const once = async ({ run, runs, units }: Contestant): Promise<number> => {
  const began = performance.now()
  for (let index = 0; index < runs; index++) await run()
  return ((performance.now() - began) * 1000) / (runs * units)
}

/** The order turns from round to round, and its direction as well, so that nobody always runs after the same neighbour. */
export const interleaved = async <Name extends string>(
  contestants: Contestants<Name>,
  rounds: number,
  /** Whether garbage is collected before each turn. It would disturb rounds that are short. */
  options: { readonly collect: boolean } = { collect: true },
): Promise<Rounds<Name>> => {
  const names = Object.keys(contestants) as Array<Name>
  const times = Object.fromEntries(names.map((name) => [name, [] as Array<number>])) as Record<Name, Array<number>>
  const warmup = 3
  for (let round = -warmup; round < rounds; round++) {
    const turned = names.map((_, index) => names[(index + round + warmup) % names.length] as Name)
    if (round % 2 === 0) turned.reverse()
    for (const name of turned) {
      if (options.collect) globalThis.gc?.()
      const time = await once(contestants[name])
      if (round >= 0) times[name].push(time)
    }
  }
  return times
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN]
  return (low + high) / 2
}

/** The median of the ratios of each round. */
export const ratio = (over: ReadonlyArray<number>, under: ReadonlyArray<number>): number =>
  median(over.map((time, round) => time / (under[round] ?? Number.NaN)))

/** What one takes more than the other, round by round. */
export const added = (over: ReadonlyArray<number>, under: ReadonlyArray<number>): ReadonlyArray<number> =>
  over.map((time, round) => time - (under[round] ?? Number.NaN))
