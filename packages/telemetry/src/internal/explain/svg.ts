/**
 * A timeline as a picture, which needs nothing but itself.
 */
import { type Bar, type Row, time } from "./timeline.ts"

const colours = { call: "#64748b", attempt: "#2563eb", lost: "#94a3b8", failed: "#dc2626", wait: "#f59e0b" } as const

const [height, left, width, labels] = [24, 20, 460, 500]

export const svgOf = (rows: ReadonlyArray<Row>): string => {
  const end = Math.max(1e-9, ...rows.map((row) => (row._tag === "Bar" ? row.until : row.at)))
  const x = (at: number): number => Math.round((left + (at / end) * width) * 100) / 100
  const drawn = rows.map((row, index) => {
    const y = 34 + index * height
    const shape = row._tag === "Bar" ? bar(row, x, y) : diamond(x(row.at), y + 8)
    const said = row._tag === "Bar" ? `${row.label} · ${row.note}` : row.label
    return `<g><title>${escape(`${time(row.at)}: ${said}`)}</title>${shape}<text x="${labels}" y="${y + 12}">${escape(said)}</text></g>`
  })
  const total = 44 + rows.length * height
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = x(share * end)
    return `<line x1="${at}" y1="24" x2="${at}" y2="${total - 8}" stroke="#e2e8f0"/><text x="${at}" y="16" text-anchor="middle">${escape(time(share * end))}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="${total}" viewBox="0 0 1200 ${total}" font-family="system-ui, sans-serif" font-size="12" fill="#334155">`,
    `<rect width="1200" height="${total}" fill="#ffffff"/>`,
    ...ticks,
    ...drawn,
    "</svg>",
  ].join("\n")
}

const bar = ({ at, kind, mark, until }: Bar, x: (at: number) => number, y: number): string => {
  const [from, to] = [x(at), Math.max(x(until), x(at) + 1.5)]
  const rect = (start: number, end: number, opacity: number) =>
    `<rect x="${start}" y="${y}" width="${Math.round((end - start) * 100) / 100}" height="16" rx="2" fill="${colours[kind]}" fill-opacity="${opacity}"/>`
  if (mark === undefined || kind === "call") return rect(from, to, kind === "call" ? 0.35 : 1)
  const first = Math.min(to, Math.max(from, x(mark)))
  return rect(from, first, 0.4) + rect(first, to, 1)
}

const diamond = (x: number, y: number): string => `<path d="M${x} ${y - 6}l6 6l-6 6l-6 -6z" fill="#7c3aed"/>`

/** Names come from requests, and a picture is shown in a browser. */
export const escape = (text: string): string =>
  text
    .replaceAll(/\p{Cc}/gu, "\u{fffd}")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
