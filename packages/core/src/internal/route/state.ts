/**
 * Choosing among several, as pure functions. Chances are uniform between 0 and 1.
 */

/** By weight: the index whose share of all weights the chance falls into. */
export const weighted = (weights: ReadonlyArray<number>, chance: number): number => {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let rest = chance * total
  for (const [index, weight] of weights.entries()) {
    rest -= weight
    if (rest < 0) return index
  }
  return weights.length - 1
}

/**
 * The lower cost of two that chance picks.
 *
 * Two are enough for nearly all of the effect, and unlike the lowest of all they do not send the whole crowd to the one
 * that was idle a moment ago (M. Mitzenmacher, The Power of Two Choices, 2001).
 */
export const ofTwo = (costs: ReadonlyArray<number>, chances: readonly [number, number]): number => {
  const first = Math.min(costs.length - 1, Math.floor(chances[0] * costs.length))
  const step = 1 + Math.min(costs.length - 2, Math.floor(chances[1] * (costs.length - 1)))
  const second = costs.length < 2 ? first : (first + step) % costs.length
  return (costs[second] ?? Infinity) < (costs[first] ?? Infinity) ? second : first
}

export const lowest = (costs: ReadonlyArray<number>): number => costs.indexOf(Math.min(...costs))

/** A moving average that jumps to a peak and takes its time to come down (Finagle's peak EWMA). */
export interface Peak {
  readonly value: number
  readonly at: number
}

/** Milliseconds in which a peak falls to a third. */
const decay = 10_000

export const observed = (peak: Peak | undefined, sample: number, now: number): Peak => {
  if (peak === undefined || sample >= peak.value) return { value: sample, at: now }
  const kept = Math.exp(-Math.max(0, now - peak.at) / decay)
  return { value: peak.value * kept + sample * (1 - kept), at: now }
}

/** What the next call would have to wait for. One that was never asked is worth a try. */
export const expected = (peak: Peak | undefined, inFlight: number): number => (peak?.value ?? 0) * (inFlight + 1)

/**
 * The index that a key belongs to: the one with the highest hash of both (rendezvous hashing). When one drops out, only
 * its own keys move.
 */
export const owner = (key: string, names: ReadonlyArray<string>): number => {
  let best = 0
  let highest = -1
  for (const [index, name] of names.entries()) {
    const score = hash(`${key}\u0000${name}`)
    if (score > highest) {
      best = index
      highest = score
    }
  }
  return best
}

/** FNV-1a, 32 bits, and mixed once more, because its last characters hardly reach the high bits. */
const hash = (text: string): number => {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
