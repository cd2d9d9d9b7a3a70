/**
 * What the application knows of a request and the policies may use: who asks, for what, and how urgent it is.
 *
 * It travels in the fiber's context, so nothing between the request handler and the model has to pass it on.
 *
 * @since 0.1.0
 */
import { Context, Effect, Stream } from "effect"
import { dual } from "effect/Function"

import { type Program, type Unchanged } from "./internal/model/program.ts"

/**
 * How urgent a request is, from what must not wait to what may be dropped.
 *
 * @since 0.1.0
 * @category models
 */
export type Priority = "critical" | "interactive" | "batch" | "best-effort"

/**
 * @since 0.1.0
 * @category models
 */
export interface RequestContext {
  /** Whose request it is: budgets, limits and caches are kept apart by it. */
  readonly tenant?: string | undefined
  /** The person behind the request, by an id of the application's own. For traces only; no policy looks at it. */
  readonly user?: string | undefined
  /** The conversation that it belongs to. For traces only. */
  readonly session?: string | undefined
  /** Free labels for budgets and reports, such as `feature: "search"`. */
  readonly tags: Readonly<Record<string, string>>
  readonly priority: Priority
}

/**
 * The context of the running request.
 *
 * @since 0.1.0
 * @category references
 */
export const RequestContext: Context.Reference<RequestContext> = Context.Reference<RequestContext>(
  "@holdfast/core/RequestContext",
  { defaultValue: () => ({ tags: {}, priority: "interactive" }) },
)

/**
 * Adds to the context of everything inside. Tags are merged; the other fields replace what was there.
 *
 * **Example** (Naming the tenant once, at the edge)
 *
 * ```ts
 * import { RequestContext } from "@holdfast/core"
 * import { Effect } from "effect"
 *
 * const handler = Effect.map(RequestContext.RequestContext, (context) => context.tenant)
 * const program = RequestContext.annotate(handler, { tenant: "acme", tags: { feature: "search" } })
 *
 * await Effect.runPromise(program) // => "acme"
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const annotate: {
  (fields: Partial<RequestContext>): <P extends Program>(self: P) => Unchanged<P>
  <P extends Program>(self: P, fields: Partial<RequestContext>): Unchanged<P>
} = dual(2, (self: Program, fields: Partial<RequestContext>) =>
  Stream.isStream(self)
    ? Stream.updateService(self, RequestContext, merge(fields))
    : Effect.updateService(self, RequestContext, merge(fields)),
)

const merge =
  (fields: Partial<RequestContext>) =>
  (context: RequestContext): RequestContext =>
    Object.assign({}, context, fields, { tags: { ...context.tags, ...fields.tags } })
