/**
 * What every recorded answer that reports usage cost, to the last picodollar: read by the providers, seen as attempts,
 * priced by the built-in book, and counted a second time here from what the vendor sent.
 */

import { assert, describe, it } from "@effect/vitest"
import { type Attempt, Event } from "@holdfast/core"
import { Money, Price, PriceBook } from "@holdfast/cost"
import { Effect, Option } from "effect"

import { contents, count, type Fixture, folder, isThere, recordings } from "./support/recordings.ts"
import { repliesOf, replay, speakerOf, sum } from "./support/replay.ts"

/** Picodollars for one token of input, cached input and output, from the vendors' pages. */
type Rates = readonly [input: bigint, cached: bigint, output: bigint]

const rates: Readonly<Record<string, Rates>> = {
  "claude-opus-5": [5_000_000n, 500_000n, 25_000_000n],
  "claude-haiku-4-5-20251001": [1_000_000n, 100_000n, 5_000_000n],
  "claude-sonnet-4-5-20250929": [3_000_000n, 300_000n, 15_000_000n],
  "claude-sonnet-4-6": [3_000_000n, 300_000n, 15_000_000n],
  "claude-sonnet-4-20250514": [3_000_000n, 300_000n, 15_000_000n],
  "claude-fable-5": [10_000_000n, 1_000_000n, 50_000_000n],
  "claude-3-haiku-20240307": [250_000n, 30_000n, 1_250_000n],
  // V3.2, which was behind the name when it was recorded, in December 2025.
  "deepseek-reasoner": [280_000n, 28_000n, 420_000n],
  "gemini-3.1-pro-preview": [2_000_000n, 200_000n, 12_000_000n],
  "gemini-3-pro-preview": [2_000_000n, 200_000n, 12_000_000n],
  "qwen/qwen3-32b": [290_000n, 290_000n, 590_000n],
  "llama-3.3-70b-versatile": [590_000n, 590_000n, 790_000n],
  "mistral-small-latest": [100_000n, 100_000n, 300_000n],
  "kimi-k3": [3_000_000n, 300_000n, 15_000_000n],
  "grok-3-mini": [300_000n, 75_000n, 500_000n],
  "gpt-4.1-nano-2025-04-14": [100_000n, 25_000n, 400_000n],
  "gpt-3.5-turbo-instruct:20230824-v2": [1_500_000n, 1_500_000n, 2_000_000n],
  "text-embedding-3-small": [20_000n, 20_000n, 0n],
  "gpt-5.4-2026-03-05": [2_500_000n, 250_000n, 15_000_000n],
  "gpt-5.2-2025-12-11": [1_750_000n, 175_000n, 14_000_000n],
  "gpt-5.2-codex": [1_750_000n, 175_000n, 14_000_000n],
  "gpt-5-2025-08-07": [1_250_000n, 125_000n, 10_000_000n],
  "gpt-5-mini-2025-08-07": [250_000n, 25_000n, 2_000_000n],
  "gpt-5-nano-2025-08-07": [50_000n, 5_000n, 400_000n],
}

/** The request whose prompt was longer than 200,000 tokens. */
const longPrompt: Rates = [6_000_000n, 600_000n, 22_500_000n]

/** Models that nobody sells by the token: they ran on a computer under somebody's desk, or are in no list that we know. */
const unlisted = ["gemma-7b-it", "mistralai/ministral-3-14b-reasoning", "zai-org/glm-4.7-flash", "qwen3-max"]

const search = 10_000_000_000n

const expected = (fixture: Fixture): bigint => {
  const { endpoint, usage } = fixture
  const plain = [count(usage, "prompt_tokens"), 0, sum(count(usage, "completion_tokens"))] as const
  const [input, cached, output] =
    endpoint === "completions" || endpoint === "embeddings" ? plain : (speakerOf(fixture)?.usage(fixture) ?? plain)
  const model = rates[fixture.model ?? ""]
  assert.isDefined(model, `rates of ${fixture.model}`)
  const [each, eachCached, eachOutput] = fixture.file.includes("pptx-skill") ? longPrompt : model
  const read = BigInt(cached ?? 0)
  const searches = BigInt(sum(count(usage, "server_tool_use", "web_search_requests")))
  return (BigInt(input ?? 0) - read) * each + read * eachCached + BigInt(output ?? 0) * eachOutput + searches * search
}

const providers: Readonly<Record<string, string>> = { mistral: "mistral_ai", "openai-compatible": "x_ai" }

const now = Date.UTC(2026, 10, 24, 12)

/** When it was recorded, as far as the vendor says so. */
const timeOf = ({ file, provider }: Fixture): number => {
  const created = /"created": ?(\d{10})\b/.exec(contents(file))?.[1]
  return created === undefined || !changing.has(provider) ? now : Number(created) * 1_000
}

/** Whose names stand for another model from time to time, at another price. */
const changing = new Set(["deepseek", "mistral"])

const priceOf = (fixture: Fixture): Option.Option<Price.Price> => {
  const { model, provider } = fixture
  return PriceBook.builtIn.find({
    provider: providers[provider] ?? provider,
    // The completions API names a snapshot in its own way.
    model: model?.replace(/:.*$/, "") ?? "",
    startedAt: timeOf(fixture),
  })
}

const reports = recordings.filter(({ usage }) => Object.keys(usage).length > 0)

const priced = reports.filter(({ model }) => !unlisted.includes(model ?? ""))

const wire = priced.filter((fixture) => speakerOf(fixture) !== undefined && !fixture.file.includes("spliced"))

/** The last attempt of a recording, however it ended. */
const attemptOf = (fixture: Fixture) =>
  Effect.gen(function* () {
    const attempts: Array<Attempt.Attempt> = []
    const answers = Effect.forEach(repliesOf(fixture), (reply) => Effect.exit(replay(fixture, reply)))
    yield* Event.listen(answers, (event) => {
      if (event._tag === "AttemptEnded") attempts.push(event)
    })
    const last = attempts.at(-1)
    assert.isDefined(last)
    return last
  })

const costOf = (fixture: Fixture, answer: Price.Answer): Price.Cost => {
  const price = priceOf(fixture)
  assert.isTrue(Option.isSome(price), `a price of ${fixture.model}`)
  return Price.cost(Option.getOrThrow(price), answer)
}

const skipped = isThere ? "" : `: SKIPPED, there are none at ${folder}`

describe.skipIf(!isThere)(`the cost of recorded answers${skipped}`, () => {
  it.live.each(wire)("$file", (fixture) =>
    Effect.gen(function* () {
      const attempt = yield* attemptOf(fixture)
      const cost = costOf(fixture, attempt)
      assert.strictEqual(cost.total, expected(fixture))
      assert.deepStrictEqual([cost.unknown, cost.unpriced], [[], []])
      // A budget looks it up by the names that the attempt has.
      assert.deepStrictEqual(PriceBook.builtIn.find({ ...attempt, startedAt: timeOf(fixture) }), priceOf(fixture))
    }),
  )

  it("is that of what no language model said, too", () => {
    const rest = priced.filter((fixture) => !wire.includes(fixture))
    assert.sameMembers(
      rest.map(({ endpoint }) => endpoint),
      ["completions", "embeddings", "messages"],
    )
    for (const fixture of rest) {
      const { usage } = fixture
      const input = { total: count(usage, "prompt_tokens") ?? count(usage, "input_tokens") }
      const output = { total: count(usage, "completion_tokens") ?? count(usage, "output_tokens") }
      const cost = costOf(fixture, { usage: { inputTokens: defined(input), outputTokens: defined(output) } })
      assert.strictEqual(
        cost.total,
        fixture.endpoint === "messages" ? 17n * 250_000n + 65n * 1_250_000n : expected(fixture),
      )
    }
  })

  it.live("is what xAI itself says that it was", () =>
    Effect.gen(function* () {
      const fixture = recordings.find(({ file }) => file.includes("xai-tool-call"))!
      const { items, total } = costOf(fixture, yield* attemptOf(fixture))
      assert.deepStrictEqual(
        items.filter((item) => item.class === "adjustment"),
        [],
        "its price list says the same",
      )
      // A tick is a tenth of a billionth of a dollar.
      assert.strictEqual(total, BigInt(count(fixture.usage, "cost_in_usd_ticks")!) * 100n)
      assert.strictEqual(Money.format(total), "$0.00014975")
    }),
  )

  it.live("spelled out: a long prompt, a search, a refusal, a cached prefix", () =>
    Effect.gen(function* () {
      const bills = [
        // 320,032 tokens at $6 and 5,558 at $22.50, as the prompt is longer than 200,000.
        ["pptx-skill", "$2.045247"],
        // 15,665 at $3, 795 at $15, and one search for a cent.
        ["anthropic-web-search-tool.1", "$0.06892"],
        // 18 at $10 and 5 at $50: nothing was said, and it was billed.
        ["anthropic-refusal.json", "$0.00043"],
        // 175 at $0.28, 320 from the cache at $0.028, 144 at $0.42.
        ["deepseek-json", "$0.00011844"],
        // 1,021 at $1.25, 1,920 from the cache at $0.125, 1,249 at $10 of which 1,024 were reasoning.
        ["openai-image-generation-tool.1.chunks", "$0.01400625"],
        // 9 at $2, and 23 said and 185 thought at $12.
        ["google-text", "$0.002514"],
      ] as const
      for (const [name, amount] of bills) {
        const fixture = recordings.find(({ file }) => file.includes(name))!
        assert.strictEqual(Money.format(costOf(fixture, yield* attemptOf(fixture)).total), amount, name)
      }
    }),
  )

  it("is unknown for models that are in no list, and not zero", () => {
    assert.sameMembers(
      [...new Set(reports.filter((each) => Option.isNone(priceOf(each))).map(({ model }) => model))],
      unlisted,
    )
  })
})

const defined = ({ total }: { readonly total: number | undefined }) => (total === undefined ? {} : { total })
