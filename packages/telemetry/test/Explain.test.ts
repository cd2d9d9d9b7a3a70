import { assert, describe, it } from "@effect/vitest"
import { Money } from "@holdfast/cost"

import { type DecisionTrace, Explain } from "../src/index.ts"

const attempt = (fields: Partial<DecisionTrace.Attempt>): DecisionTrace.Attempt => ({
  at: 0,
  index: 1,
  provider: "openai",
  model: "gpt-5.4",
  duration: 900,
  outcome: "Completed",
  committed: true,
  parts: 1,
  characters: 10,
  tokens: {},
  cost: Money.zero,
  basis: "unbilled",
  ...fields,
})

/** Throttled, retried, hedged, answered by the hedge. */
const trace: DecisionTrace.DecisionTrace = {
  version: 1,
  callId: "c1",
  startedAt: 0,
  operation: "chat",
  mode: "stream",
  provider: "openai",
  model: "gpt-5.4",
  tags: {},
  priority: "interactive",
  requestSize: 10,
  outcome: "Completed",
  duration: 5_000,
  firstPart: 3_500,
  queueWait: 120,
  cacheHit: false,
  cost: Money.fromInputUnsafe("0.003 USD"),
  attempts: [
    attempt({
      duration: 200,
      outcome: "Failed",
      committed: false,
      fault: { tag: "RateLimitError", kind: "throttled", status: 429, retryAfter: 1_000, billed: false },
    }),
    attempt({ at: 1_200, index: 2, duration: 2_300, outcome: "Interrupted", committed: false, basis: "estimated" }),
    attempt({
      at: 3_000,
      index: 3,
      firstPart: 500,
      duration: 2_000,
      tokens: { input: 100, output: 20 },
      cost: Money.fromInputUnsafe("0.003 USD"),
      basis: "reported",
    }),
  ],
  decisions: [
    { at: 0, kind: "reserved", subject: "budget", amount: Money.fromInputUnsafe("0.01 USD") },
    { at: 200, kind: "retry", subject: "openai/gpt-5.4", error: "RateLimitError", lasts: 1_000 },
    { at: 3_000, kind: "hedge", subject: "openai/gpt-5.4", to: "openai/gpt-5.4", lasts: 1_800 },
    { at: 4_000, kind: "circuit", subject: "openai/<gpt>", to: "open" },
    {
      at: 5_000,
      kind: "charged",
      subject: "openai/gpt-5.4",
      to: "reported",
      amount: Money.fromInputUnsafe("0.003 USD"),
    },
  ],
}

const said = (row: Explain.Row) => (row._tag === "Bar" ? `${row.label}: ${row.note}` : row.label)

describe("the explanation of a call", () => {
  const rows = Explain.call(trace)

  it("tells everything that happened, in order", () => {
    assert.deepStrictEqual(rows.map(said), [
      "chat to openai/gpt-5.4: answered, 120 ms in queues, $0.003",
      "$0.01 reserved",
      "attempt 1: openai/gpt-5.4: RateLimitError 429, throttled, come back in 1.00 s, $0.00 (unbilled)",
      "retry of openai/gpt-5.4 in 1.00 s because of RateLimitError",
      "back-off: openai/gpt-5.4",
      "attempt 2: openai/gpt-5.4: given up, $0.00 (estimated)",
      "attempt 3: openai/gpt-5.4: answered, 100 tokens in, 20 out, $0.003 (reported)",
      "hedge to openai/gpt-5.4: openai/gpt-5.4 was silent for 1.80 s",
      "circuit of openai/<gpt> is open",
      "openai/gpt-5.4 cost $0.003 (reported)",
    ])
  })

  it("is a text in which bars begin and end where things did", () => {
    const lines = Explain.toText(rows, { width: 150 }).split("\n")
    assert.lengthOf(lines, rows.length)
    const bars = lines.map((line) => line.split("│")[1] ?? "")
    assert.isTrue(bars.every((bar) => bar.length === 50))
    // Attempt 3 runs from 3 to 5 seconds of 5, and is silent for the first quarter of it.
    assert.match(bars[6] ?? "", /^ {30}─{5}█{15}$/)
    // The attempt that was given up runs from 1.2 to 3.5 seconds.
    assert.match(bars[5] ?? "", /^ {12}▒{24} *$/)
  })

  it("is a picture and a page, in which no name is markup", () => {
    const svg = Explain.toSvg(rows)
    assert.match(svg, /^<svg [^>]+>/)
    assert.strictEqual(svg.match(/<g>/g)?.length, rows.length)
    assert.notInclude(svg, "<gpt>")
    const page = Explain.toHtml([{ title: '<script>alert("x")</script>', rows }])
    assert.notInclude(page, "<script>")
    assert.include(page, svg)
  })

  it("of a call with nothing in it is its own row", () => {
    const none = { ...trace, duration: 0, attempts: [], decisions: [] }
    assert.lengthOf(Explain.call(none), 1)
    assert.notInclude(Explain.toText(Explain.call(none)), "NaN")
    assert.notInclude(Explain.toSvg(Explain.call(none)), "NaN")
  })
})
