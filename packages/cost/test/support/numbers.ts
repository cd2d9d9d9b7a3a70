/** Random numbers that are the same each time: gives whole ones below a bound. */
export const numbers = (seed: number): ((below: number) => number) => {
  // The high bits of a linear congruential generator; the low ones repeat soon.
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
