/**
 * Makes `dashboard/grafana.json`: `node scripts/dashboard.ts`.
 */
import { writeFileSync } from "node:fs"

type Unit = "s" | "percentunit" | "currencyUSD" | "short" | "reqps"

interface Panel {
  readonly title: string
  readonly description: string
  readonly unit: Unit
  readonly queries: Readonly<Record<string, string>>
}

const scope = 'gen_ai_provider_name=~"$provider", gen_ai_request_model=~"$model"'

const quantile = (share: number, metric: string, by: string, labels = scope): string =>
  `histogram_quantile(${share}, sum by (le${by === "" ? "" : `, ${by}`}) (rate(${metric}_bucket{${labels}}[$__rate_interval])))`

const rate = (metric: string, by: string, labels = scope): string =>
  `sum${by === "" ? "" : ` by (${by})`} (rate(${metric}{${labels}}[$__rate_interval]))`

const dollars = (expression: string): string => `${expression} / 1e12`

const rows: Readonly<Record<string, ReadonlyArray<Panel>>> = {
  "What callers see": [
    {
      title: "Calls",
      description: "Calls a second by how they ended. Interrupted and abandoned ones were given up by their callers.",
      unit: "reqps",
      queries: { "{{outcome}}": rate("holdfast_calls_total", "outcome", "") },
    },
    {
      title: "Share of calls that failed",
      description: "Of the calls that ended. What was refused by a policy counts as failed.",
      unit: "percentunit",
      queries: {
        failed: `sum(rate(holdfast_calls_total{outcome="Failed"}[$__rate_interval])) / sum(rate(holdfast_calls_total[$__rate_interval]))`,
      },
    },
    {
      title: "Duration of calls",
      description: "With all retries, hedges and waits. Compare it with the duration of attempts below.",
      unit: "s",
      queries: {
        p50: quantile(0.5, "holdfast_call_duration_seconds", "", 'outcome="Completed"'),
        p95: quantile(0.95, "holdfast_call_duration_seconds", "", 'outcome="Completed"'),
        p99: quantile(0.99, "holdfast_call_duration_seconds", "", 'outcome="Completed"'),
      },
    },
    {
      title: "Time to first token",
      description: "From the beginning of a call to the first content that its caller saw.",
      unit: "s",
      queries: {
        p50: quantile(0.5, "holdfast_call_time_to_first_part_seconds", "", 'outcome="Completed"'),
        p95: quantile(0.95, "holdfast_call_time_to_first_part_seconds", "", 'outcome="Completed"'),
      },
    },
  ],
  "What providers do": [
    {
      title: "Duration of attempts (95th percentile)",
      description: "One request on the wire, by model. If this is flat and calls are slow, they wait or repeat.",
      unit: "s",
      queries: {
        "{{gen_ai_request_model}}": quantile(0.95, "gen_ai_client_inference_duration_seconds", "gen_ai_request_model"),
      },
    },
    {
      title: "Time to first chunk (95th percentile)",
      description: "Until anything came of a streamed answer, by model.",
      unit: "s",
      queries: {
        "{{gen_ai_request_model}}": quantile(
          0.95,
          "gen_ai_client_inference_time_to_first_chunk_seconds",
          "gen_ai_request_model",
        ),
      },
    },
    {
      title: "Failures by type",
      description: "Attempts a second that failed, by the tag of the error.",
      unit: "reqps",
      queries: {
        "{{error_type}}": rate(
          "gen_ai_client_inference_duration_seconds_count",
          "error_type",
          `${scope}, error_type!=""`,
        ),
      },
    },
    {
      title: "Attempts by model",
      description: "Requests a second on the wire.",
      unit: "reqps",
      queries: { "{{gen_ai_request_model}}": rate("holdfast_attempts_total", "gen_ai_request_model") },
    },
  ],
  "What policies do": [
    {
      title: "Attempts for each call",
      description: "1 is no repetition at all. A storm begins above 2.",
      unit: "short",
      queries: {
        attempts: `sum(rate(holdfast_attempts_total[$__rate_interval])) / sum(rate(holdfast_calls_total[$__rate_interval]))`,
      },
    },
    {
      title: "Retries, hedges, fallbacks",
      description: "Decisions a second to ask once more.",
      unit: "reqps",
      queries: {
        retries: rate("holdfast_retries_total", "", ""),
        hedges: rate("holdfast_hedges_total", "", ""),
        fallbacks: rate("holdfast_fallbacks_total", "", ""),
      },
    },
    {
      title: "Refusals",
      description: "Calls and attempts that a policy refused before anything was sent, by policy and reason.",
      unit: "reqps",
      queries: { "{{policy}}: {{error_type}}": rate("holdfast_refusals_total", "policy, error_type", "") },
    },
    {
      title: "Circuits",
      description: "0 is closed, 1 half-open or with traffic growing, 2 open.",
      unit: "short",
      queries: { "{{circuit}}": "max by (circuit) (holdfast_circuit_state)" },
    },
    {
      title: "Waits for limits",
      description: "95th percentile of the time that calls which waited spent in queues.",
      unit: "s",
      queries: { p95: quantile(0.95, "holdfast_queue_wait_seconds", "", "") },
    },
    {
      title: "Answers from the cache",
      description: "Calls a second that the response cache answered.",
      unit: "reqps",
      queries: { hits: rate("holdfast_cache_hits_total", "", "") },
    },
  ],
  Batches: [
    {
      title: "Batches",
      description: "Batches of jobs an hour by the state that they reached. What is submitted ought to end.",
      unit: "short",
      queries: { "{{to}}": `sum by (to) (increase(holdfast_batch_changes_total{${scope}}[1h]))` },
    },
    {
      title: "Items of batches",
      description:
        "Items an hour by what became of them. Expired and canceled ones cost nothing; of lost ones nobody knows.",
      unit: "short",
      queries: { "{{outcome}}": `sum by (outcome) (increase(holdfast_batch_items_total{${scope}}[1h]))` },
    },
    {
      title: "Duration of batches",
      description: "From the request that made a batch to its end, over a day.",
      unit: "s",
      queries: {
        p50: `histogram_quantile(0.5, sum by (le) (rate(holdfast_batch_duration_seconds_bucket{${scope}}[1d])))`,
        p95: `histogram_quantile(0.95, sum by (le) (rate(holdfast_batch_duration_seconds_bucket{${scope}}[1d])))`,
      },
    },
    {
      title: "Items of bulk runs",
      description: "Items a second by mode and by how they ended.",
      unit: "reqps",
      queries: { "{{mode}}: {{outcome}}": rate("holdfast_bulk_items_total", "mode, outcome", "") },
    },
  ],
  Money: [
    {
      title: "Dollars an hour, by model",
      description: "From a counter of whole picodollars. The ledger has the truth; this is its shape.",
      unit: "currencyUSD",
      queries: {
        "{{gen_ai_request_model}}": dollars(
          `sum by (gen_ai_request_model) (rate(holdfast_cost_picodollars_total{${scope}}[$__rate_interval])) * 3600`,
        ),
      },
    },
    {
      title: "Dollars an hour, by certainty",
      description: "What was reported by the provider, and what is estimated because an answer broke or was given up.",
      unit: "currencyUSD",
      queries: {
        "{{basis}}": dollars(
          `sum by (basis) (rate(holdfast_cost_picodollars_total{${scope}}[$__rate_interval])) * 3600`,
        ),
      },
    },
    {
      title: "Tokens",
      description: "Tokens a second. Cached and reasoning tokens are parts of input and output.",
      unit: "short",
      queries: {
        input: rate("gen_ai_client_inference_usage_input_tokens_total", ""),
        "from the cache": rate("gen_ai_client_inference_usage_cache_read_input_tokens_total", ""),
        output: rate("gen_ai_client_inference_usage_output_tokens_total", ""),
        reasoning: rate("gen_ai_client_inference_usage_reasoning_output_tokens_total", ""),
      },
    },
    {
      title: "Budgets",
      description: "Share of each budget that was spent when it passed its last threshold.",
      unit: "percentunit",
      queries: { "{{budget}} per {{window}}": "max by (budget, window) (holdfast_budget_used_ratio)" },
    },
    {
      title: "Reserved",
      description: "What the attempts under way may cost at most.",
      unit: "currencyUSD",
      queries: { reserved: dollars("sum(holdfast_reserved_picodollars)") },
    },
    {
      title: "Trouble with the books",
      description:
        "Writes that the ledger did not take, shared state that cannot be reached, and log lines that were dropped.",
      unit: "short",
      queries: {
        "ledger failures": "sum(increase(holdfast_ledger_failures_total[$__rate_interval]))",
        "{{policy}} without shared state": "max by (policy) (holdfast_shared_state_unavailable)",
        "dropped log lines": "sum(increase(holdfast_log_dropped_total[$__rate_interval]))",
      },
    },
  ],
}

const datasource = { type: "prometheus", uid: "${datasource}" }

const variable = (name: string, label: string) => ({
  name,
  type: "query",
  datasource,
  query: { query: `label_values(holdfast_attempts_total, ${label})`, refId: name },
  includeAll: true,
  allValue: ".*",
  multi: true,
  current: { text: "All", value: "$__all" },
  refresh: 2,
})

let id = 0
let y = 0
const panels: Array<unknown> = []
for (const [title, row] of Object.entries(rows)) {
  panels.push({ id: ++id, type: "row", title, collapsed: false, gridPos: { x: 0, y: y++, w: 24, h: 1 }, panels: [] })
  row.forEach((panel, index) => {
    panels.push({
      id: ++id,
      type: "timeseries",
      title: panel.title,
      description: panel.description,
      datasource,
      gridPos: { x: (index % 2) * 12, y: y + Math.floor(index / 2) * 8, w: 12, h: 8 },
      fieldConfig: { defaults: { unit: panel.unit, min: 0 }, overrides: [] },
      targets: Object.entries(panel.queries).map(([legendFormat, expr], target) => ({
        refId: String.fromCodePoint(65 + target),
        datasource,
        expr,
        legendFormat,
      })),
    })
  })
  y += Math.ceil(row.length / 2) * 8
}

const dashboard = {
  title: "LLM calls (Holdfast)",
  uid: "holdfast",
  schemaVersion: 39,
  tags: ["holdfast", "llm"],
  time: { from: "now-6h", to: "now" },
  refresh: "30s",
  templating: {
    list: [
      { name: "datasource", type: "datasource", query: "prometheus" },
      variable("provider", "gen_ai_provider_name"),
      variable("model", "gen_ai_request_model"),
    ],
  },
  panels,
}

writeFileSync(new URL("../dashboard/grafana.json", import.meta.url), `${JSON.stringify(dashboard, undefined, 2)}\n`)
