import { ProviderModel } from "@holdfast/core"
import { Effect } from "effect"
import { AiError } from "effect/ai"

/** Why no request can be made of what the caller wants. The first reason is the one that is told. */
export class Refusals {
  readonly provider: string
  readonly model: string
  first: ProviderModel.ProviderFailure | undefined

  constructor(provider: string, model: string) {
    this.provider = provider
    this.model = model
  }

  /** An option that the model or the API cannot take. */
  option(option: string, explanation: string): void {
    const { model, provider } = this
    this.first ??= new ProviderModel.UnsupportedOption({ provider, model, option, explanation })
  }

  /** A tool's schema that the vendor's subset of JSON Schema cannot express. */
  schema(tool: string, cause: unknown): void {
    const description = `tool "${tool}": ${cause instanceof Error ? cause.message : String(cause)}`
    this.first ??= AiError.make({
      module: "OpenAiLanguageModel",
      method: "request",
      reason: new AiError.UnsupportedSchemaError({ description }),
    })
  }

  /** The body, unless something was refused. */
  check<A>(body: A): Effect.Effect<A, ProviderModel.ProviderFailure> {
    return this.first === undefined ? Effect.succeed(body) : Effect.fail(this.first)
  }
}
