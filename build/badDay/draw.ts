/**
 * Draws the animation of the README from a recorded run of the demo: the same recording, the same file.
 *
 * Lines appear when the demo wrote them, except that pauses are cut to `longestPause` and lines that add nothing are left out.
 * The picture moves by CSS alone. Whoever wants no motion sees all lines at once.
 *
 * pnpm bad-day
 */
import { readFileSync, writeFileSync } from "node:fs"

/** What the demo wrote, and how many milliseconds after its start. */
export type Recording = ReadonlyArray<readonly [milliseconds: number, text: string]>

interface Piece {
  readonly at: number
  readonly text: string
}

type Line = ReadonlyArray<Piece>

/** A line of the picture. Lines with the same `row` follow each other in one place. */
interface Shown {
  readonly pieces: Line
  readonly row: number
  readonly style: string
  /** When the next line of the row takes its place. */
  readonly until: number | undefined
}

const longestPause = 700
const lastsAtTheEnd = 8_000
const columns = 98
const size = { width: 840, top: 58, row: 18, left: 22 }

const linesOf = (recording: Recording): ReadonlyArray<Line> => {
  const lines: Array<Array<Piece>> = [[]]
  for (const [at, text] of recording) {
    for (const [index, part] of text.split("\n").entries()) {
      if (index > 0) lines.push([])
      if (part !== "") lines.at(-1)?.push({ at, text: part })
    }
  }
  return lines
}

const textOf = (line: Line): string => line.map(({ text }) => text).join("")

interface Rule {
  readonly matches: RegExp
  readonly style: string
  /** Whether it replaces the line before it, as a progress bar does. */
  readonly replaces?: boolean
  /** Whether an empty row stands above it. */
  readonly spaced?: boolean
}

const rules: ReadonlyArray<Rule> = [
  { matches: /^1 {2}/, style: "title" },
  { matches: /· attempt \d+: .* failed/, style: "bad" },
  { matches: /↻ /, style: "wait" },
  { matches: /⇒ /, style: "turn" },
  { matches: /^ {2}A ship floats/, style: "good", spaced: true },
  { matches: /· attempt \d+: .* answered/, style: "dim", spaced: true },
  { matches: /· call answered/, style: "dim" },
  { matches: /^3 {2}/, style: "title", spaced: true },
  { matches: /^ {2}\d+\/\d+ {2}/, style: "plain", replaces: true },
  { matches: /prompts were answered/, style: "good" },
  { matches: /in all: /, style: "plain" },
  { matches: /^4b {2}/, style: "title", spaced: true },
  { matches: /ThresholdReached/, style: "wait" },
  { matches: /BudgetExceeded:/, style: "bad" },
]

// Before the second act every line counts; the second act is left out.
const isShown = (lines: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  const places = lines.map(textOf)
  const [second, third] = [/^2a {2}/, /^3 {2}/].map((title) => places.findIndex((text) => title.test(text)))
  return lines.filter((_, index) => index < (second ?? 0) || index >= (third ?? 0))
}

/** Cuts long pauses, and counts from the first line. */
const paced = (lines: ReadonlyArray<Line>): ((at: number) => number) => {
  const moments = [...new Set(lines.flatMap((line) => line.map(({ at }) => at)))].toSorted((a, b) => a - b)
  const times = new Map<number, number>()
  let [last = 0] = moments
  let time = 300
  for (const moment of moments) {
    time += Math.min(moment - last, longestPause)
    times.set(moment, time)
    last = moment
  }
  return (at) => times.get(at) ?? 0
}

/** Without the number of its act, because not all acts are shown, and no longer than a row. */
const shortened = (whole: Line): Line => {
  const [first, ...others] = whole
  const line = first === undefined ? whole : [{ ...first, text: first.text.replace(/^\d\w? {2}/, "") }, ...others]
  const text = textOf(line)
  if (text.length <= columns) return line
  return [{ at: line[0]?.at ?? 0, text: `${text.slice(0, columns - 1)}…` }]
}

const shownOf = (recording: Recording): ReadonlyArray<Shown> => {
  const chosen = isShown(linesOf(recording)).flatMap((line) => {
    const rule = rules.find(({ matches }) => matches.test(textOf(line)))
    return rule === undefined ? [] : [{ line: shortened(line), rule }]
  })
  const time = paced(chosen.map(({ line }) => line))
  let row = -1
  return chosen.map(({ line, rule }, index) => {
    const isContinued = rule.replaces === true && chosen[index - 1]?.rule === rule
    if (!isContinued) row += rule.spaced === true ? 1.5 : 1
    const next = chosen[index + 1]
    return {
      pieces: line.map(({ at, text }) => ({ at: time(at), text })),
      row,
      style: rule.style,
      until: rule.replaces === true && next?.rule === rule ? time(next.line[0]?.at ?? 0) : undefined,
    }
  })
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const styles = `
svg{--paper:#fff;--frame:#d0d7de;--bar:#f6f8fa;--plain:#24292f;--dim:#6e7781;--bad:#b3261e;--wait:#8a5a00;--turn:#0b5cad;--good:#0a6b3d}
@media (prefers-color-scheme:dark){svg{--paper:#0d1117;--frame:#30363d;--bar:#161b22;--plain:#e6edf3;--dim:#8b949e;--bad:#ff8f85;--wait:#e3b341;--turn:#79b8ff;--good:#56d38b}}
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:var(--plain)}
.title{font-weight:700}.dim{fill:var(--dim)}.bad{fill:var(--bad)}.wait{fill:var(--wait)}.turn{fill:var(--turn)}.good{fill:var(--good)}
.passing{opacity:0}
@media (prefers-reduced-motion:reduce){*{animation:none!important}}`

/** The names of moments, and the keyframes that show something from one moment to another. */
class Keyframes {
  private readonly names = new Map<string, string>()
  private readonly length: number

  constructor(length: number) {
    this.length = length
  }

  name(from: number, until: number): string {
    const key = `${this.percent(from)} ${this.percent(until)}`
    const name = this.names.get(key) ?? `k${this.names.size}`
    this.names.set(key, name)
    return name
  }

  css(): string {
    const shown = [...this.names].map(([key, name]) => {
      const [from, until] = key.split(" ")
      return `@keyframes ${name}{0%{opacity:0}${from}{opacity:1}${until}{opacity:0}}`
    })
    const uses = [...this.names.values()].map((name) => `.${name}{animation-name:${name}}`)
    const common = `[class*=k]{animation:${this.length}ms step-end infinite}`
    return [...shown, common, ...uses].join("\n")
  }

  private percent(time: number): string {
    return `${((100 * time) / this.length).toFixed(2)}%`
  }
}

/** The picture of a recorded run. */
export const draw = (recording: Recording): string => {
  const lines = shownOf(recording)
  const end = Math.max(...lines.flatMap(({ pieces }) => pieces.map(({ at }) => at))) + lastsAtTheEnd
  const keyframes = new Keyframes(end + 400)
  const texts = lines.map(({ pieces, row, style, until }) => {
    const y = size.top + row * size.row
    const spans = pieces.map(({ at, text }) => {
      const name = keyframes.name(at, until ?? end)
      return `<tspan class="${name}${until === undefined ? "" : " passing"}">${escape(text)}</tspan>`
    })
    return `<text x="${size.left}" y="${y}" class="${style}">${spans.join("")}</text>`
  })
  const height = size.top + (lines.at(-1)?.row ?? 0) * size.row + 20
  const { width } = size
  const command = "$ node examples/demo.ts"
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">A bad day, survived</title>`,
    `<desc id="description">A recorded run of the demo. OpenAI and Anthropic fail six times, a retry or a fallback follows each time, and Google answers. Then two hundred prompts are asked while a third of the requests fail, and a budget refuses what it cannot pay.</desc>`,
    `<style>${styles}\n${keyframes.css()}</style>`,
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" fill="var(--paper)" stroke="var(--frame)"/>`,
    `<path d="M1 30V8.500a7.500 7.500 0 0 1 7.500-7.500h${width - 17}a7.500 7.500 0 0 1 7.500 7.500V30z" fill="var(--bar)"/>`,
    `<text x="${size.left}" y="20" class="dim">${escape(command)}</text>`,
    ...texts,
    "</svg>",
    "",
  ].join("\n")
}

/** What `record.ts` has kept. */
export const recorded = (): Recording =>
  JSON.parse(readFileSync(new URL("recording.json", import.meta.url), "utf8")) as Recording

if (import.meta.main) writeFileSync(new URL("../../docs/plots/bad-day.svg", import.meta.url), draw(recorded()))
