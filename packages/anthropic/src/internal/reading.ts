import { defined, json } from "@holdfast/core/provider/Json"
import { type Origin } from "@holdfast/core/provider/ProviderError"
import { type Response, type Tool } from "effect/ai"

/** Parts that an answer has in both modes. */
type CommonPart = Extract<Response.PartEncoded, Response.StreamPartEncoded>

/** Where such parts go: a list of the parts of either mode. */
export interface Sink {
  push(...parts: Array<CommonPart>): number
}

/** What reading an answer needs, and what it finds out on the way. */
export class Reading {
  readonly origin: Origin
  /** Anthropic's own tools that the caller declared, by Anthropic's names. */
  readonly declared: ReadonlyMap<string, Tool.AnyProviderDefined>
  sources = 0

  constructor(origin: Origin, declared: ReadonlyMap<string, Tool.AnyProviderDefined>) {
    this.origin = origin
    this.declared = declared
  }
}

/** Our metadata, without what is undefined. */
export const metadata = (fields: Record<string, unknown>): { readonly [key: string]: ReturnType<typeof json> } => ({
  anthropic: json(defined(fields)),
})
