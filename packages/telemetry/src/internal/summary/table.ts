/**
 * A summary for a terminal.
 */
import { Money } from "@holdfast/cost"

import { type Row, type Summary, type Totals } from "./schema.ts"

export const tableOf = (summary: Summary): string =>
  [
    `${time(summary.from)} to ${time(summary.to)}`,
    table(heads("", "calls"), [line("calls", summary.calls), line("attempts", summary.attempts)]),
    ...(["models", "providers", "tenants"] as const).flatMap((group) =>
      summary[group].some(({ key }) => key !== "")
        ? [table(heads(group.slice(0, -1), "count"), rows(summary[group]))]
        : [],
    ),
    ...(Object.keys(summary.attempts.errors).length === 0
      ? []
      : [
          table(
            ["error", "attempts"],
            Object.entries(summary.attempts.errors).map(([name, count]) => [name, String(count)]),
          ),
        ]),
  ].join("\n\n")

const heads = (first: string, count: string): ReadonlyArray<string> => [
  first,
  count,
  "success",
  "errors",
  "latency",
  "p95",
  "first token",
  "p95",
  "tokens in",
  "out",
  "cost",
]

const rows = (all: ReadonlyArray<Row>) => all.map(({ key, totals }) => line(key === "" ? "(none)" : key, totals))

const line = (name: string, totals: Totals): ReadonlyArray<string> => [
  name,
  String(totals.count),
  percent(totals.success),
  percent(totals.failure),
  millis(totals.latency.mean),
  millis(totals.latency.p95),
  millis(totals.timeToFirstToken.mean),
  millis(totals.timeToFirstToken.p95),
  String(totals.tokens["input"] ?? 0),
  String(totals.tokens["output"] ?? 0),
  Money.format(totals.cost),
]

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

const millis = (value: number | undefined): string => {
  if (value === undefined) return "-"
  return value < 1000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(2)} s`
}

const time = (at: number): string => new Date(at).toISOString()

/** The first column to the left, all others to the right. */
const table = (head: ReadonlyArray<string>, lines: ReadonlyArray<ReadonlyArray<string>>): string => {
  const all = [head, ...lines.map((cells) => cells.map(printable))]
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)))
  const written = all.map((cells) =>
    cells
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  )
  return [written[0], widths.map((width) => "─".repeat(width)).join("  "), ...written.slice(1)].join("\n")
}

/** Names come from requests, and must not move the cursor of a terminal. */
export const printable = (text: string): string => text.replaceAll(/\p{C}/gu, "\u{fffd}")
