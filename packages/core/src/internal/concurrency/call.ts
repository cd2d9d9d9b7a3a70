/**
 * A call that holds its place from before it is sent until its answer is complete.
 */
import { Context, Effect, Exit, Scope } from "effect"

import { type ModelRequest, type Opened } from "../../ModelCall.ts"
import { type Priority, RequestContext } from "../../RequestContext.ts"
import { newId } from "../call/context.ts"
import { queued } from "../call/queued.ts"
import { type Source } from "../call/types.ts"
import { refuse } from "../event/refuse.ts"
import { priorities } from "./priorities.ts"
import { type FairSemaphore, type Waiter } from "./state.ts"
import { type Holder, type SharedPermits } from "./store.ts"

export interface Admission<E2> {
  readonly semaphore: FairSemaphore
  readonly weightOf: (request: ModelRequest) => number
  readonly refusal: (priority: Priority) => E2
  /** As the policy is called in code, and the model that it stands before. */
  readonly name: string
  readonly source: Source
  /** Permits that are needed beside the place in this process. */
  readonly shared: { readonly permits: SharedPermits; readonly key: string; readonly limit: number } | undefined
}

// What gives the place back is in place before it is taken, so that nothing can come between.
export const withPermit = <E, E2>(
  admission: Admission<E2>,
  request: ModelRequest,
  opening: Opened<E>,
): Opened<E | E2> =>
  Effect.withFiber((fiber): Opened<E | E2> => {
    const { priority, tenant = "" } = fiber.getRef(RequestContext)
    const permit = new PermitRequest(admission, request, { tenant, priority })
    // Nothing of a whole answer outlives its opening.
    if (request.mode === "generate") return Effect.onExitPrimitive(permit.run(opening), () => permit.leave())
    const own = Scope.makeUnsafe()
    const outer = Context.getUnsafe(fiber.context, Scope.Scope)
    const over = (exit: Exit.Exit<unknown, unknown>) =>
      Effect.andThen(
        Scope.close(own, exit),
        Effect.suspend(() => permit.leave() ?? Effect.void),
      )
    return Effect.onExitPrimitive(permit.run(Scope.provide(opening, own)), (exit) =>
      Exit.isFailure(exit) ? over(exit) : Scope.addFinalizerExit(outer, over),
    )
  })

class PermitRequest<E2> implements Waiter {
  readonly weight: number
  readonly urgency: number
  readonly tenant: string
  sequence = 0
  state: Waiter["state"] = "waiting"
  private readonly admission: Admission<E2>
  private readonly request: ModelRequest
  private readonly priority: Priority
  private readonly holder: Holder | undefined
  private wake: (() => void) | undefined

  constructor(
    admission: Admission<E2>,
    request: ModelRequest,
    caller: { readonly tenant: string; readonly priority: Priority },
  ) {
    this.admission = admission
    this.request = request
    this.weight = admission.weightOf(request)
    this.tenant = caller.tenant
    this.priority = caller.priority
    this.urgency = priorities.indexOf(caller.priority)
    this.holder = admission.shared && { key: admission.shared.key, id: newId(), weight: this.weight }
  }

  /** Waits for a place and runs there. */
  run<A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> {
    return Effect.suspend((): Effect.Effect<A, E | E2, R> => {
      if (!this.admission.semaphore.join(this)) return this.refused
      const { shared } = this.admission
      if (shared === undefined && this.state === "holding") return self
      const waiting = this.state === "holding" ? Effect.void : this.turn
      const permitted = shared === undefined ? waiting : Effect.andThen(waiting, this.permit(shared))
      return Effect.andThen(queued(this.request.call, permitted), self)
    })
  }

  /** Gives back whatever was taken, also if it is not known whether it was. */
  leave(): Effect.Effect<void> | undefined {
    this.admission.semaphore.leave(this)
    return this.holder && this.admission.shared?.permits.release(this.holder)
  }

  granted(): void {
    this.wake?.()
  }

  shed(): void {
    this.wake?.()
  }

  /** Its turn may have come already. */
  private get turn(): Effect.Effect<void, E2> {
    return Effect.callback((resume) => {
      this.wake = () => resume(this.state === "holding" ? Effect.void : this.refused)
      if (this.state !== "waiting") this.wake()
    })
  }

  private permit({ limit, permits }: NonNullable<Admission<E2>["shared"]>): Effect.Effect<void, E2> {
    return this.holder === undefined
      ? Effect.void
      : Effect.flatMap(permits.take(this.holder, limit), (granted) => (granted ? Effect.void : this.refused))
  }

  private get refused(): Effect.Effect<never, E2> {
    const { name, refusal, source } = this.admission
    return Effect.suspend(() => refuse(this.request, source, { policy: name, error: refusal(this.priority) }))
  }
}
