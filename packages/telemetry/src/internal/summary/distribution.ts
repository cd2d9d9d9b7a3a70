/**
 * How long things took, in as much memory for ten calls as for ten million.
 */

/** Neighbouring buckets differ by half a percent, so a quantile is right to a quarter of one. */
const step = Math.log(1.005)

/** Below a microsecond nothing is told apart. */
const least = 0.001

export class Distribution {
  private readonly buckets = new Map<number, number>()
  private count = 0
  private sum = 0
  private most = 0

  /** Adds a value that stands for so many. */
  add(value: number, times: number): void {
    const bucket = Math.round(Math.log(Math.max(value, least) / least) / step)
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + times)
    this.count += times
    this.sum += value * times
    this.most = Math.max(this.most, value)
  }

  /** `undefined` of nothing. */
  get mean(): number | undefined {
    return this.count === 0 ? undefined : this.sum / this.count
  }

  /** By nearest rank; never above the largest value. */
  quantile(share: number): number | undefined {
    if (this.count === 0) return undefined
    const rank = Math.max(1, Math.ceil(share * this.count))
    let seen = 0
    for (const bucket of [...this.buckets.keys()].toSorted((a, b) => a - b)) {
      seen += this.buckets.get(bucket) ?? 0
      if (seen >= rank) return Math.min(this.most, least * Math.exp(bucket * step))
    }
    return this.most
  }
}
