/**
 * Charts as SVG: panels with axes, lines, bands and dots. Just what the plots of the simulator need.
 */

export type Point = readonly [x: number, y: number]

export interface Axis {
  readonly from: number
  readonly to: number
  readonly ticks: ReadonlyArray<number>
  readonly label: (value: number) => string
  readonly title?: string | undefined
  readonly logarithmic?: boolean | undefined
}

interface Panel {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly height: number
  readonly marks: ReadonlyArray<Mark>
}

export type Mark =
  | { readonly _tag: "Line"; readonly points: ReadonlyArray<Point>; readonly color: string; readonly width?: number }
  | { readonly _tag: "Level"; readonly y: number; readonly label: string }
  | { readonly _tag: "Band"; readonly from: number; readonly to: number; readonly label: string }
  | { readonly _tag: "Dot"; readonly at: Point; readonly color: string; readonly label?: string }

export interface Chart {
  readonly title: string
  readonly subtitle: string
  readonly legend: ReadonlyArray<{ readonly label: string; readonly color: string }>
  readonly panels: ReadonlyArray<Panel>
  /** Room for the labels of the vertical axis. */
  readonly left?: number | undefined
}

/** Colours that people with any kind of sight tell apart (Okabe and Ito, 2008). */
export const colors = { blue: "#0072B2", orange: "#D55E00", green: "#009E73", purple: "#CC79A7", grey: "#6b7280" }

const width = 820
const right = 28
const gap = 66

export const render = (chart: Chart): string => {
  const left = chart.left ?? 58
  let top = chart.legend.length === 0 ? 88 : 122
  const panels = chart.panels.map((panel) => {
    const drawn = draw(panel, { left, top })
    top += panel.height + gap
    return drawn
  })
  const height = top - gap + 48
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text({ x: 24, y: 34, words: chart.title, size: 18, weight: 600 }),
    text({ x: 24, y: 56, words: chart.subtitle, color: colors.grey }),
    ...legend(chart.legend),
    ...panels,
    "</svg>",
    "",
  ].join("\n")
}

const legend = (entries: Chart["legend"]): ReadonlyArray<string> => {
  let x = 24
  return entries.map(({ color, label }) => {
    const at = x
    x += 42 + label.length * 7
    return `<rect x="${at}" y="72" width="18" height="4" rx="2" fill="${color}"/>${text({ x: at + 24, y: 79, words: label })}`
  })
}

interface Place {
  readonly left: number
  readonly top: number
}

const draw = (panel: Panel, { left, top }: Place): string => {
  const bottom = top + panel.height
  const x = scale(panel.x, left, width - right)
  const y = scale(panel.y, bottom, top)
  const inside = { x, y, left, top, bottom }
  const behind = panel.marks.filter(({ _tag }) => _tag === "Band")
  const before = panel.marks.filter(({ _tag }) => _tag !== "Band")
  return [
    text({ x: left, y: top - 12, words: panel.title, weight: 600 }),
    ...behind.map((mark) => drawMark(mark, inside)),
    ...panel.y.ticks.map(
      (tick) =>
        line([left, y(tick)], [width - right, y(tick)], "#e5e7eb") +
        text({ x: left - 8, y: y(tick) + 4, words: panel.y.label(tick), anchor: "end", color: "#374151" }),
    ),
    line([left, bottom], [width - right, bottom], "#374151"),
    ...panel.x.ticks.map(
      (tick) =>
        line([x(tick), bottom], [x(tick), bottom + 5], "#374151") +
        text({ x: x(tick), y: bottom + 20, words: panel.x.label(tick), anchor: "middle", color: "#374151" }),
    ),
    ...(panel.x.title === undefined
      ? []
      : [text({ x: width - right, y: bottom + 38, words: panel.x.title, anchor: "end", color: colors.grey })]),
    ...before.map((mark) => drawMark(mark, inside)),
  ].join("\n")
}

interface Inside extends Place {
  readonly bottom: number
  readonly x: (value: number) => number
  readonly y: (value: number) => number
}

const drawMark = (mark: Mark, { bottom, left, top, x, y }: Inside): string => {
  switch (mark._tag) {
    case "Line": {
      const points = mark.points.map((point) => `${round(x(point[0]))},${round(y(point[1]))}`).join(" ")
      return `<polyline points="${points}" fill="none" stroke="${mark.color}" stroke-width="${mark.width ?? 2}" stroke-linejoin="round"/>`
    }
    case "Level":
      return (
        line([left, y(mark.y)], [width - right, y(mark.y)], "#111827", "5 4") +
        text({ x: width - right, y: y(mark.y) - 6, words: mark.label, anchor: "end", color: "#111827" })
      )
    case "Band":
      return (
        `<rect x="${round(x(mark.from))}" y="${top}" width="${round(x(mark.to) - x(mark.from))}" height="${bottom - top}" fill="#f3f4f6"/>` +
        text({ x: x(mark.from) + 16, y: bottom - (bottom - top) * 0.12, words: mark.label, color: colors.grey })
      )
    case "Dot": {
      const [atX, atY] = [x(mark.at[0]), y(mark.at[1])]
      const label =
        mark.label === undefined ? "" : text({ x: atX, y: atY - 11, words: mark.label, anchor: "middle", size: 12 })
      return `<circle cx="${round(atX)}" cy="${round(atY)}" r="5.5" fill="${mark.color}"/>${label}`
    }
  }
}

const scale = ({ from, logarithmic = false, to }: Axis, start: number, end: number) => {
  const place = (value: number) => (logarithmic ? Math.log(value) : value)
  const share = (value: number) => (place(value) - place(from)) / (place(to) - place(from))
  return (value: number): number => start + Math.min(1, Math.max(0, share(value))) * (end - start)
}

const line = (from: Point, to: Point, color: string, dashes?: string): string =>
  `<line x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}" stroke="${color}"${dashes === undefined ? "" : ` stroke-dasharray="${dashes}"`}/>`

const text = (of: {
  readonly x: number
  readonly y: number
  readonly words: string
  readonly anchor?: "start" | "middle" | "end"
  readonly color?: string
  readonly size?: number
  readonly weight?: number
}): string =>
  `<text x="${round(of.x)}" y="${round(of.y)}" text-anchor="${of.anchor ?? "start"}" fill="${of.color ?? "#111827"}"${of.size === undefined ? "" : ` font-size="${of.size}"`}${of.weight === undefined ? "" : ` font-weight="${of.weight}"`}>${escaped(of.words)}</text>`

const escaped = (words: string): string => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const round = (value: number): number => Math.round(value * 10) / 10
