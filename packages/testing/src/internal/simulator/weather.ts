/**
 * What a simulated provider goes through, and what that does to a request. Plain data; times are milliseconds.
 */

interface Spell {
  readonly from: number
  readonly until: number
}

export type Weather =
  /** Connections are refused, and what is under way breaks. */
  | (Spell & { readonly _tag: "Outage" })
  /** Requests are taken, and nothing comes back any more. */
  | (Spell & { readonly _tag: "Silence" })
  /** Everything takes longer, and a share of the requests fails. */
  | (Spell & { readonly _tag: "Brownout"; readonly slower: number; readonly failing: number })

export type Break = "Outage" | "Silence"

/** What a request meets that arrives, or whose turn comes, at a time. */
export const breakAt = (weather: ReadonlyArray<Weather>, at: number): Break | undefined =>
  weather.find((spell): spell is Extract<Weather, { _tag: Break }> => isBreak(spell) && during(spell, at))?._tag

/** How much slower, and which share fails. */
export const strain = (
  weather: ReadonlyArray<Weather>,
  at: number,
): { readonly slower: number; readonly failing: number } =>
  weather.reduce(
    (sum, spell) =>
      spell._tag === "Brownout" && during(spell, at)
        ? { slower: sum.slower * spell.slower, failing: Math.max(sum.failing, spell.failing) }
        : sum,
    { slower: 1, failing: 0 },
  )

/** The first break that begins between two times. */
export const nextBreak = (
  weather: ReadonlyArray<Weather>,
  { after, before }: { readonly after: number; readonly before: number },
): { readonly at: number; readonly kind: Break } | undefined => {
  let first: { readonly at: number; readonly kind: Break } | undefined
  for (const spell of weather) {
    const begins = isBreak(spell) && spell.from > after && spell.from < before
    if (begins && (first === undefined || spell.from < first.at)) first = { at: spell.from, kind: spell._tag }
  }
  return first
}

const isBreak = (spell: Weather): spell is Extract<Weather, { _tag: Break }> => spell._tag !== "Brownout"

const during = ({ from, until }: Spell, at: number): boolean => at >= from && at < until
