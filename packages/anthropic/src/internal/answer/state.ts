import { Bounds } from "@holdfast/core/provider/Bounds"
import { defined, json } from "@holdfast/core/provider/Json"
import { malformed, type Origin } from "@holdfast/core/provider/ProviderError"
import { type AiError, type Tool } from "effect/ai"

/** What reading an answer needs, and what it finds out on the way. */
export class Reading {
  readonly origin: Origin
  /** Anthropic's own tools that the caller declared, by Anthropic's names. */
  readonly declared: ReadonlyMap<string, Tool.AnyProviderDefined>
  readonly bounds: Bounds
  private readonly callIds = new Set<string>()
  sources = 0

  constructor(origin: Origin, declared: ReadonlyMap<string, Tool.AnyProviderDefined>) {
    this.origin = origin
    this.declared = declared
    this.bounds = new Bounds(origin)
  }

  /** Takes in the id of a tool call. Two with one id could not be told apart. */
  claim(id: string): AiError.AiError | undefined {
    if (this.callIds.has(id)) return malformed(this.origin, "two tool calls have one id", true)
    this.callIds.add(id)
    return undefined
  }
}

/** Our metadata, without what is undefined. */
export const metadata = (fields: Record<string, unknown>): { readonly [key: string]: ReturnType<typeof json> } => ({
  anthropic: json(defined(fields)),
})
