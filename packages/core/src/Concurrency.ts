/**
 * Limits how many calls of a model are under way at the same time.
 *
 * **Where in a stack**: inside of retry and of the breaker, so that neither a sleeping retry nor a refused call takes a
 * place; outside of the deadlines for parts, so that waiting in line is not blamed on the model.
 *
 * @since 0.1.0
 */
import { Effect, Exit, Schema, Scope, type Stream } from "effect"
import { AiError } from "effect/ai"

import { Gate, type Waiter } from "./internal/gate.ts"
import { ownScope } from "./internal/ownScope.ts"
import { withoutStack } from "./internal/withoutStack.ts"
import { type ModelCall, type ModelRequest, type Part } from "./ModelCall.ts"
import * as PolicyError from "./PolicyError.ts"
import { type Priority, RequestContext } from "./RequestContext.ts"
import * as ResilientModel from "./ResilientModel.ts"

/**
 * All places are taken, also those in line.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConcurrencyLimited
  extends Schema.TaggedError<ConcurrencyLimited>("@holdfast/core/ConcurrencyLimited")("ConcurrencyLimited", {
    provider: Schema.String,
    model: Schema.String,
    /** Calls that may be under way. */
    limit: Schema.Int,
    /** Calls that may wait. */
    queue: Schema.Int,
    priority: Schema.Literals(["critical", "interactive", "batch", "best-effort"]),
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  override get message(): string {
    return `${this.limit} calls of ${this.model} of ${this.provider} are under way and ${this.queue} wait; this one was ${this.priority}`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.RateLimitError({ metadata })
  }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How many calls may wait. Twice the limit if left out. */
  readonly queue?: number | undefined
  /** How many places a call takes, at least 1 and at most all. 1 if left out. */
  readonly weight?: ((request: ModelRequest) => number) | undefined
}

/**
 * Lets so many calls be under way at the same time, and so many wait.
 *
 * **Details**
 *
 * - A place is taken until the answer is complete: for a stream, until it is closed.
 * - Who waits is served by priority (`RequestContext`), tenants in turns, and within a tenant in the order of arrival.
 *   Nobody is overtaken more than 8 times, so also a heavy or unimportant call gets its turn.
 * - When the line is full, the newest of the least urgent is turned away for one that is more urgent; otherwise the one
 *   that comes is.
 * - A caller that gives up leaves the line at once.
 *
 * **Example** (Room for long prompts)
 *
 * ```ts
 * import { Concurrency } from "@holdfast/core"
 *
 * const limit = Concurrency.limit(64, {
 *   weight: ({ options }) => (JSON.stringify(options.prompt).length > 100_000 ? 8 : 1),
 * })
 *
 * typeof limit // => "function"
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const limit = (places: number, options: Options = {}) => {
  const queue = options.queue ?? places * 2
  return ResilientModel.policy<ConcurrencyLimited>(
    { name: "Concurrency.limit", settings: { limit: places, queue } },
    Effect.fnUntraced(function* <E>(call: ModelCall<E>) {
      if (!Number.isInteger(places) || places < 1) {
        return yield* Effect.die(new Error("Concurrency.limit: the limit must be a whole number, 1 or more"))
      }
      if (!Number.isInteger(queue) || queue < 0) {
        return yield* Effect.die(new Error("Concurrency.limit: queue must be a whole number, 0 or more"))
      }
      const gate = new Gate({ limit: places, places: queue, urgencies: urgencies.length })
      const weightOf = (request: ModelRequest) =>
        Math.min(places, Math.max(1, Math.ceil(options.weight?.(request) ?? 1)))
      const refusal = (priority: Priority) =>
        withoutStack(
          () => new ConcurrencyLimited({ provider: call.provider, model: call.model, limit: places, queue, priority }),
        )
      return {
        ...call,
        open: (request: ModelRequest) => held(gate, weightOf(request), refusal, call.open(request)),
      }
    }),
  )
}

const urgencies: ReadonlyArray<Priority> = ["critical", "interactive", "batch", "best-effort"]

type Opened<E> = Effect.Effect<Stream.Stream<Part, E>, E, Scope.Scope>

const held = <E>(
  gate: Gate,
  weight: number,
  refusal: (priority: Priority) => ConcurrencyLimited,
  opening: Opened<E>,
): Opened<E | ConcurrencyLimited> =>
  ownScope(
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(RequestContext, ({ priority, tenant = "" }) => {
        let waiter: Waiter | undefined
        const granted = Effect.callback<void, ConcurrencyLimited>((resume) => {
          waiter = {
            weight,
            urgency: urgencies.indexOf(priority),
            tenant,
            granted: () => resume(Effect.void),
            shed: () => resume(Effect.fail(refusal(priority))),
            sequence: 0,
            state: "waiting",
          }
          if (!gate.join(waiter)) resume(Effect.fail(refusal(priority)))
          else if (waiter.state === "holding") resume(Effect.void)
        })
        const leave = Effect.sync(() => {
          if (waiter !== undefined) gate.leave(waiter)
        })
        return Effect.flatMap(Effect.scope, (scope) =>
          Effect.onExitPrimitive(restore(granted), (exit) => (Exit.isFailure(exit) ? leave : undefined), true).pipe(
            Effect.andThen(Scope.addFinalizer(scope, leave)),
            Effect.andThen(restore(opening)),
          ),
        )
      }),
    ),
  )
