import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { schema } from "./support/postgres.ts"
import { output } from "./support/program.ts"

const example = (ledger: string, variables?: Readonly<Record<string, string>>) =>
  Effect.map(output({ file: "examples/tenants.ts", flags: [ledger], variables }), summaryOf)

const alert = /! ThresholdReached: \$0\.016 are spent, 80 % of \$0\.02 for this day/
const refusal = / BudgetExceeded: tenants \(acme\) may spend \$0\.02 per day; \$0\.016 are spent, /

interface Summary {
  readonly acme: ReadonlyArray<string>
  readonly globex: ReadonlyArray<string>
  readonly spent: ReadonlyArray<string | undefined>
  readonly attempts: string | undefined
}

/** What each tenant was told, in order, and what the report says was spent. */
const summaryOf = (text: string): Summary => {
  const lines = text.split("\n")
  const told = (tenant: string) =>
    lines
      .filter((line) => line.startsWith(`  ${tenant} `))
      .map((line) => (refusal.test(line) ? "refused" : alert.test(line) ? "alert" : "answered"))
  const row = (name: string) => lines.find((line) => line.startsWith(name))?.split(/ {2,}/)
  return {
    acme: told("acme"),
    globex: told("globex"),
    spent: ["tenants (acme)", "tenants (globex)", "company"].map((name) => row(name)?.[2]),
    attempts: row("in all")?.[1],
  }
}

const times = (count: number, what: string) => Array.from({ length: count }, () => what)

/** On a ledger that holds nothing yet. One of the attempts found the provider overloaded. */
const first: Summary = {
  acme: [...times(3, "answered"), "alert", "answered", ...times(2, "refused")],
  globex: times(6, "answered"),
  spent: ["$0.016", "$0.024", "$0.04"],
  attempts: "11",
}

/** On the same ledger once more. */
const second: Summary = {
  acme: times(6, "refused"),
  globex: times(6, "answered"),
  spent: ["$0.016", "$0.048", "$0.064"],
  attempts: "18",
}

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-tenants-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true })),
)

const without = process.env["DATABASE_URL"] === undefined ? ": SKIPPED, DATABASE_URL is not set" : ""

describe("the example with tenants", () => {
  it.live("refuses the one whose limit is used up, on a ledger in memory", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* example("memory"), first)
    }),
  )

  it.live("remembers it in a file", () =>
    Effect.gen(function* () {
      const variables = { LEDGER_FILE: join(yield* folder, "ledger.db") }
      assert.deepStrictEqual(yield* example("sqlite", variables), first)
      assert.deepStrictEqual(yield* example("sqlite", variables), second)
    }),
  )

  it.live.skipIf(without !== "")(`remembers it in PostgreSQL${without}`, () =>
    Effect.gen(function* () {
      const variables = { DATABASE_URL: yield* schema }
      assert.deepStrictEqual(yield* example("postgres", variables), first)
      assert.deepStrictEqual(yield* example("postgres", variables), second)
    }),
  )
})
