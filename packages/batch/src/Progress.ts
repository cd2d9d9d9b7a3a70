/**
 * How far a run is, as data, and drawn for people.
 *
 * @since 0.1.0
 */
import { Money } from "@holdfast/cost"
import { Clock, Duration, Effect } from "effect"

/**
 * How far a run is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  /** Items that are over, those of an earlier run included. */
  readonly done: number
  readonly failed: number
  /** `undefined` where nobody knows how many items there are. */
  readonly total: number | undefined
  readonly spent: Money.Money
  /** Items a second in the last ten seconds; `undefined` until two are done. */
  readonly perSecond: number | undefined
  readonly left: Duration.Duration | undefined
}

/**
 * One line: `1,200 of 5,000 done, 3 failed, $0.42, 61 a second, 1m 2s left`.
 *
 * @since 0.1.0
 * @category formatting
 */
export const format = ({ done, failed, left, perSecond, spent, total }: Progress): string =>
  [
    total === undefined ? `${number(done)} done` : `${number(done)} of ${number(total)} done`,
    ...(failed === 0 ? [] : [`${number(failed)} failed`]),
    Money.format(spent),
    ...(perSecond === undefined
      ? []
      : [`${number(perSecond < 10 ? Math.round(perSecond * 10) / 10 : Math.round(perSecond))} a second`]),
    ...(left === undefined ? [] : [`${Duration.format(Duration.seconds(Math.round(Duration.toSeconds(left))))} left`]),
  ].join(", ")

const number = (value: number): string => value.toLocaleString("en-US")

/**
 * Where progress is drawn. `process.stderr` is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

/**
 * Draws progress: a bar that moves ten times a second at most on a terminal, and a line at each tenth of the way elsewhere.
 *
 * **Example** (Into a file, at the end)
 *
 * ```ts
 * import { Progress } from "@holdfast/batch"
 * import { Money } from "@holdfast/cost"
 * import { Effect } from "effect"
 *
 * const written: Array<string> = []
 * const draw = Progress.draw({ write: (text) => written.push(text) })
 *
 * Effect.runSync(draw({ done: 5, failed: 0, total: 5, spent: Money.zero, perSecond: undefined, left: undefined }))
 *
 * written // => ["5 of 5 done, $0.00\n"]
 * ```
 *
 * @since 0.1.0
 * @category drawing
 */
export const draw = (output: Output): ((progress: Progress) => Effect.Effect<void>) => {
  let drawnAt = -Infinity
  let tenth = 0
  return (progress) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const { done, total } = progress
      const isEnd = done === total
      if (output.isTTY === true) {
        if (!isEnd && now - drawnAt < 100) return
        drawnAt = now
        output.write(`\r\u001b[2K${bar(progress, output.columns ?? 80)}${isEnd ? "\n" : ""}`)
        return
      }
      const reached = total === undefined ? Math.floor(done / 1_000) : Math.floor((done * 10) / total)
      if (reached === tenth) return
      tenth = reached
      output.write(`${format(progress)}\n`)
    })
}

const width = 20

const bar = (progress: Progress, columns: number): string => {
  const text = format(progress)
  const { done, total } = progress
  if (total === undefined || columns < text.length + width + 3) return text.slice(0, columns - 1)
  const full = Math.round((Math.min(done, total) / Math.max(1, total)) * width)
  return `${"█".repeat(full)}${"░".repeat(width - full)} ${text}`
}
