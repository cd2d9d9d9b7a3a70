/**
 * What the keys of vendors look like, for a warning when one is in the wrong place.
 *
 * Nothing is refused for it: vendors change their forms, and a proxy in between has keys of its own.
 *
 * @since 0.1.0
 */
import { Option, Redacted, Schema } from "effect"

import { type Form, formOf, forms, type Vendor } from "./internal/forms.ts"

export type { Vendor } from "./internal/forms.ts"

/**
 * A key does not look like one of its vendor. It is a warning, and holds nothing of the key but a prefix that many keys have.
 *
 * @since 0.1.0
 * @category errors
 */
export class KeyLooksWrong extends Schema.TaggedError<KeyLooksWrong>("@holdfast/secrets/KeyLooksWrong")(
  "KeyLooksWrong",
  {
    /** Where the key comes from: the name of the variable, the file or the field. */
    variable: Schema.String,
    vendor: Schema.String,
    /** The prefix by which it was recognised, such as `sk-ant-api`; empty if it was not. */
    prefix: Schema.String,
    reason: Schema.String,
  },
) {
  override get message(): string {
    const begins = this.prefix === "" ? "" : ` It begins with "${this.prefix}".`
    return `${this.variable} does not look like a key of ${this.vendor}: ${this.reason}.${begins}`
  }
}

/**
 * What is odd about a key; none if nothing is.
 *
 * **Example** (A key in the wrong variable)
 *
 * ```ts
 * import { KeyFormat } from "@holdfast/secrets"
 * import { Option, Redacted } from "effect"
 *
 * const key = Redacted.make("sk-ant-api03-abcdefgh")
 * const told = KeyFormat.check({ variable: "OPENAI_API_KEY", vendor: "openai", key })
 *
 * Option.getOrThrow(told).reason // => "it looks like one of anthropic"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const check = (options: {
  readonly variable: string
  readonly vendor: Vendor
  readonly key: Redacted.Redacted
}): Option.Option<KeyLooksWrong> => {
  const { variable, vendor } = options
  const odd = oddity(Redacted.value(options.key), vendor)
  return odd === undefined ? Option.none() : Option.some(new KeyLooksWrong({ variable, vendor, ...odd }))
}

/**
 * The vendor whose key is usually in a variable, such as `OPENAI_API_KEY`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const vendorOf = (variable: string): Vendor | undefined =>
  forms.find(({ variables }) => variables.includes(variable))?.vendor

interface Oddity {
  readonly prefix: string
  readonly reason: string
}

const oddity = (given: string, vendor: Vendor): Oddity | undefined => {
  const key = given.trim()
  if (/^(["'`]).*\1$/s.test(key)) return { prefix: "", reason: "it is in quotation marks" }
  if (/^bearer\s/i.test(key)) return { prefix: "Bearer", reason: 'the word "Bearer" does not belong to a key' }
  if (/^(?:<.*>|\$\{?\w+\}?|\*+|x{6,}|your[-_ ].*|.*change[-_]?me.*|todo)$/i.test(key)) {
    return { prefix: "", reason: "it is a placeholder" }
  }
  return otherKind(key, vendor) ?? otherVendor(key, vendor) ?? unknown(key, vendor)
}

const otherKind = (key: string, vendor: Vendor): Oddity | undefined => {
  for (const [prefix, reason] of Object.entries(formOf(vendor)?.wrongKinds ?? {})) {
    if (key.startsWith(prefix)) return { prefix, reason }
  }
  return undefined
}

// The longest prefix says most: `sk-ant-` is no `sk-`.
const otherVendor = (key: string, vendor: Vendor): Oddity | undefined => {
  const found = forms
    .flatMap((form) => form.prefixes.map((prefix): readonly [string, Form] => [prefix, form]))
    .filter(([prefix]) => key.startsWith(prefix))
    .toSorted(([one], [other]) => other.length - one.length)
  const [longest] = found
  if (longest === undefined) return undefined
  const [prefix, form] = longest
  const same = found.some(([other, { vendor: name }]) => name === vendor && other.length === prefix.length)
  // Several vendors begin their keys with `sk-`, and some with nothing that all have.
  if (same || formOf(vendor) === undefined || prefix === "sk-") return undefined
  return { prefix, reason: `it looks like one of ${form.vendor}` }
}

const unknown = (key: string, vendor: Vendor): Oddity | undefined => {
  const prefixes = formOf(vendor)?.prefixes ?? []
  if (prefixes.length === 0 || prefixes.some((prefix) => key.startsWith(prefix))) return undefined
  return { prefix: "", reason: `those begin with ${prefixes.map((prefix) => `"${prefix}"`).join(" or ")}` }
}
