/**
 * What happened to one call, shown as a timeline: waits, attempts, hints, circuits, hedges, refusals, money.
 *
 * @since 0.1.0
 */
import { type CallTrace } from "./CallTrace.ts"
import { decisionTraceOf } from "./internal/decisions/of.ts"
import { type DecisionTrace } from "./internal/decisions/schema.ts"
import { escape, svgOf } from "./internal/explain/svg.ts"
import { textOf } from "./internal/explain/text.ts"
import { type Row, timelineOf } from "./internal/explain/timeline.ts"

export type { Bar, Moment, Row } from "./internal/explain/timeline.ts"

/**
 * The rows of a timeline, the call itself first and then what happened in order. Empty for attempts that belong to no call.
 *
 * **Example** (A call that was retried)
 *
 * ```ts
 * import { DecisionTrace, Explain } from "@holdfast/telemetry"
 *
 * const rows = DecisionTrace.fromJson("{}").flatMap(Explain.call)
 *
 * rows // => []
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const call = (trace: DecisionTrace | CallTrace): ReadonlyArray<Row> => {
  const kept = "version" in trace ? trace : decisionTraceOf(trace)
  return kept === undefined ? [] : timelineOf(kept)
}

/**
 * For a terminal: the time, a bar, and what there is to say. `─` is the wait for the first content, `█` an answer, `▓` a failure, `▒`
 * what was given up, `·` a back-off, and `◆` a decision.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toText = (rows: ReadonlyArray<Row>, options: { readonly width?: number | undefined } = {}): string =>
  textOf(rows, { width: options.width ?? 120 })

/**
 * As a picture, which needs nothing but itself.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toSvg = (rows: ReadonlyArray<Row>): string => svgOf(rows)

/**
 * As a page with several calls.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toHtml = (calls: ReadonlyArray<{ readonly title: string; readonly rows: ReadonlyArray<Row> }>): string =>
  [
    "<!doctype html>",
    '<html lang="en"><meta charset="utf-8"><title>Calls</title>',
    "<style>body{font-family:system-ui,sans-serif;margin:2rem}svg{max-width:100%;height:auto}</style>",
    ...calls.map(({ rows, title }) => `<h2>${escape(title)}</h2>\n${svgOf(rows)}`),
    "</html>",
  ].join("\n")
