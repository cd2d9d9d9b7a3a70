/**
 * At most so many calls of a model at the same time. The others are refused, so that a fallback can take them.
 */
import { Event, ModelCall, PolicyError, ResilientModel } from "@holdfast/core"
import { Effect, Schema } from "effect"
import { AiError } from "effect/ai"

// The error: a fact, as data. It happens only before the commit point, so it is a "refusal".
export class BulkheadFull
  extends Schema.TaggedError<BulkheadFull>("examples/BulkheadFull")("BulkheadFull", {
    model: Schema.String,
    permits: Schema.Int,
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  override get message(): string {
    return `${this.model} is serving ${this.permits} calls already`
  }

  // How effect/ai sees it where the model is provided as the standard service.
  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.RateLimitError({ metadata })
  }
}

// The kernel: a pure decision on plain data.
const hasPermit = (inUse: number, permits: number): boolean => inUse < permits

// The shell: state that belongs to the model, and one `open`.
export const permits = (count: number) =>
  ResilientModel.policy<BulkheadFull>(
    { name: "Bulkhead.permits", place: "concurrencyLimit", settings: { permits: count } },
    Effect.fnUntraced(function* <E>(call: ModelCall.ModelCall<E>) {
      if (!Number.isInteger(count) || count < 1) {
        return yield* ResilientModel.misconfigured("Bulkhead.permits", "it needs a whole number of permits, 1 or more")
      }
      const state = yield* ResilientModel.state(() => ({ inUse: 0 }))
      const { model, provider } = call
      const full = PolicyError.withoutStack(() => new BulkheadFull({ model, permits: count }))
      const permit = Effect.acquireRelease(
        Effect.suspend(() => (hasPermit(state.inUse, count) ? Effect.sync(() => state.inUse++) : Effect.fail(full))),
        () => Effect.sync(() => state.inUse--),
      )
      return {
        ...call,
        available: () => ModelCall.isAvailable(call) && hasPermit(state.inUse, count),
        open: (request: ModelCall.ModelRequest) => {
          const refused = Event.emit(() => ({
            _tag: "Refused",
            callId: request.call.id,
            policy: "Bulkhead.permits",
            provider,
            model,
            error: full,
          }))
          const permitted = Effect.tapError(permit, () => refused)
          return ModelCall.scoped(Effect.andThen(permitted, call.open(request)))
        },
      }
    }),
  )
