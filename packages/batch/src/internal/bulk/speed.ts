/**
 * How fast a run goes, by the last ten seconds: after a resume or a slow spell the average of the whole run tells nothing.
 */

const span = 10_000

/** The ring keeps one mark for each quarter of a second, so that it stays small however fast a run is. */
const step = 250

export class Speed {
  private readonly marks: Array<{ readonly at: number; readonly done: number }> = []

  /** So many items are done at a time in milliseconds. */
  mark(at: number, done: number): void {
    const last = this.marks.at(-1)
    if (last !== undefined && at - last.at < step) return
    this.marks.push({ at, done })
    while (this.marks.length > 2 && at - (this.marks[1] as { readonly at: number }).at >= span) this.marks.shift()
  }

  /** Items a second; `undefined` until there is a time to measure. */
  perSecond(at: number, done: number): number | undefined {
    const first = this.marks[0]
    if (first === undefined || at - first.at < step || done - first.done < 2) return undefined
    return ((done - first.done) * 1_000) / (at - first.at)
  }
}
