/**
 * Names of models and of those who sell them.
 */
import { ProviderName } from "@holdfast/core"

// gpt-4o-2024-08-06, claude-3-5-sonnet-20241022, claude-3-5-haiku-latest, gemini-2.0-flash-001. Nothing else is a
// date: "-mini" is another model, and so may "-preview" be.
const dated = /^(.+?)-(?:20\d\d-[01]\d-[0-3]\d|20\d\d[01]\d[0-3]\d|latest|0\d\d)$/

/** Names that vendors give a model beside its own. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["claude-opus-4-0", "claude-opus-4"],
  ["claude-sonnet-4-0", "claude-sonnet-4"],
  ["gpt-5.6", "gpt-5.6-sol"],
])

/** The name without the date of its snapshot; `undefined` if it has none. */
export const undated = (model: string): string | undefined =>
  model.length > 200 ? undefined : (aliases.get(model) ?? dated.exec(model)?.[1])

/** The vendor that a provider's model is of, whichever of its names the provider has. */
export const vendorOf = (provider: string): string => {
  const name = ProviderName.canonical(provider)
  return name === "gcp.gemini" ? "google" : name
}
