/**
 * A timeline for a terminal.
 */
import { printable } from "../summary/table.ts"
import { type Bar, type Row, time } from "./timeline.ts"

const blocks = { call: "━", attempt: "█", lost: "▒", failed: "▓", wait: "·" } as const

/** As wide as is asked: a column for the time, one for the bars, and what there is to say. */
export const textOf = (rows: ReadonlyArray<Row>, { width }: { readonly width: number }): string => {
  const end = Math.max(1e-9, ...rows.map((row) => (row._tag === "Bar" ? row.until : row.at)))
  const bars = Math.max(10, Math.floor(width / 3))
  const column = (at: number): number => Math.min(bars - 1, Math.floor((at / end) * bars))
  return rows
    .map((row) => {
      const drawn = row._tag === "Bar" ? bar(row, column) : `${" ".repeat(column(row.at))}◆`
      const said = row._tag === "Bar" ? `${row.label}  ${row.note}` : row.label
      return `${time(row.at).padStart(9)} │${drawn.padEnd(bars)}│ ${printable(said)}`.trimEnd()
    })
    .join("\n")
}

const bar = ({ at, kind, mark, until }: Bar, column: (at: number) => number): string => {
  const [from, to] = [column(at), column(until)]
  const cells = Array.from({ length: to - from + 1 }, () => blocks[kind] as string)
  // What there was before the first content is drawn thin.
  if (mark !== undefined && kind !== "call")
    for (let index = 0; index < column(mark) - from; index++) cells[index] = "─"
  return " ".repeat(from) + cells.join("")
}
