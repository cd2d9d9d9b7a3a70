/**
 * Collecting why no request can be made of what the caller wants.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import { AiError } from "effect/ai"

import { type ProviderFailure, UnsupportedOption } from "./ProviderModel.ts"

/**
 * Why no request can be made. The first reason is reported.
 *
 * @since 0.1.0
 * @category models
 */
export class Refusals {
  readonly provider: string
  readonly model: string
  first: ProviderFailure | undefined

  constructor(provider: string, model: string) {
    this.provider = provider
    this.model = model
  }

  /** An option that the model or the API cannot take. */
  option(option: string, explanation: string): void {
    const { model, provider } = this
    this.first ??= new UnsupportedOption({ provider, model, option, explanation })
  }

  /** A tool's schema that the vendor's subset of JSON Schema cannot express. */
  schema(tool: string, cause: unknown): void {
    const description = `tool "${tool}": ${cause instanceof Error ? cause.message : String(cause)}`
    this.first ??= AiError.make({
      module: this.provider,
      method: "request",
      reason: new AiError.UnsupportedSchemaError({ description }),
    })
  }

  /** The body, unless something was refused. */
  check<A>(body: A): Effect.Effect<A, ProviderFailure> {
    return this.first === undefined ? Effect.succeed(body) : Effect.fail(this.first)
  }
}
