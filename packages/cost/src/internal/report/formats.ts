/**
 * A report as text.
 */
import * as Money from "../../Money.ts"
import { unitClasses } from "../price/rates.ts"
import { type BudgetLine, type Report, type Row, type Totals } from "./schema.ts"

const groups = ["days", "models", "providers", "tenants", "tags"] as const

const classesOf = ({ total }: Report): ReadonlyArray<string> => Object.keys(total.tokens)

const columnOf = (name: string): string => (isUnit.has(name) ? name : `${name}_tokens`)

const isUnit: ReadonlySet<string> = new Set(unitClasses)

const dollars = (amount: Money.Money): string => Money.format(amount).replace("$", "")

const columns =
  "group key attempts completed failed interrupted abandoned repeated unpriced cost_usd minimum_usd maximum_usd failures_usd repetitions_usd saved_usd".split(
    " ",
  )

export const csvOf = (report: Report): string => {
  const classes = classesOf(report)
  const head = [...columns, ...classes.map(columnOf)]
  const line = (group: string, key: string, totals: Totals): ReadonlyArray<string> => [
    group,
    key,
    ...[totals.attempts, totals.completed, totals.failed, totals.interrupted, totals.abandoned].map(String),
    ...[totals.repeated, totals.unpriced].map(String),
    ...[totals.cost, totals.minimum, totals.maximum].map(dollars),
    ...[totals.costOfFailures, totals.costOfRepetitions, totals.saved].map(dollars),
    ...classes.map((name) => String(totals.tokens[name] ?? 0)),
  ]
  const lines = [
    head,
    line("total", "", report.total),
    line("today", "", report.today),
    ...groups.flatMap((group) => report[group].map(({ key, totals }) => line(group, key, totals))),
  ]
  return lines.map((cells) => `${cells.map(cell).join(",")}\r\n`).join("")
}

const isNumber = /^-?\d+(?:\.\d+)?$/

// RFC 4180, and nothing that a spreadsheet takes for a formula.
const cell = (text: string): string => {
  const tame = /^[=+\-@\t\r]/.test(text) && !isNumber.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame
}

export const tableOf = (report: Report): string => {
  const titles = { days: "day", models: "model", providers: "provider", tenants: "tenant", tags: "tag" } as const
  const sections = [
    table(
      ["", "attempts", "cost", "failures", "repetitions", "saved"],
      [summary("today", report.today), summary("in all", report.total)],
    ),
    ...(report.budgets.length === 0
      ? []
      : [table(["budget", "limit", "spent", "reserved", "used"], report.budgets.map(budgetLine))]),
    ...groups.flatMap((group) =>
      report[group].some(({ key }) => key !== "")
        ? [table([titles[group], "attempts", "tokens", "cost"], report[group].map(row))]
        : [],
    ),
    ...(report.open.length === 0 ? [] : [openTable(report)]),
  ]
  return sections.join("\n\n")
}

const summary = (name: string, totals: Totals): ReadonlyArray<string> => [
  name,
  String(totals.attempts),
  costOf(totals),
  Money.format(totals.costOfFailures),
  Money.format(totals.costOfRepetitions),
  Money.format(totals.saved),
]

// What is not certain is not shown as if it were.
const costOf = ({ cost, maximum, minimum }: Totals): string =>
  minimum === maximum
    ? Money.format(cost)
    : `${Money.format(cost)} (${Money.format(minimum)} to ${Money.format(maximum)})`

const budgetLine = ({ budget, limit, reserved, scope, spent, uncertain, utilisation, window }: BudgetLine) => [
  `${budget}${scope === undefined ? "" : ` (${scope})`} per ${window}`,
  Money.format(limit),
  Money.format(Money.add(spent, uncertain)),
  Money.format(reserved),
  `${(utilisation * 100).toFixed(1)} %`,
]

const row = ({ key, totals }: Row): ReadonlyArray<string> => [
  key === "" ? "(none)" : key,
  String(totals.attempts),
  String(Object.values(totals.tokens).reduce((sum, tokens) => sum + tokens, 0)),
  costOf(totals),
]

const openTable = ({ open }: Report): string =>
  table(
    ["open reservation", "model", "at most", "lease"],
    open.map(({ attempt, expired, model, worst }) => [
      attempt,
      model,
      Money.format(worst),
      expired ? "over: cost unknown" : "under way",
    ]),
  )

/** Columns as wide as their widest cell: the first to the left, all others to the right. */
const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const all = [head, ...rows.map((cells) => cells.map(printable))]
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)))
  const lines = all.map((cells) =>
    cells
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  )
  return [lines[0], widths.map((width) => "─".repeat(width)).join("  "), ...lines.slice(1)].join("\n")
}

// Names come from requests, and must not move the cursor of a terminal.
const printable = (text: string): string => text.replaceAll(/\p{C}/gu, "\u{fffd}")
