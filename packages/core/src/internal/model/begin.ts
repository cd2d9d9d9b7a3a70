import { Clock, type Fiber } from "effect"

import { type Sink } from "../../Event.ts"
import { type ModelCall } from "../../ModelCall.ts"
import { type Kind } from "../../Operation.ts"
import { RequestContext } from "../../RequestContext.ts"
import { CallRecord } from "../call/record.ts"
import { type ModelRequest } from "../call/types.ts"
import { anyOperation } from "../operation/any.ts"

export type AnyFiber = Fiber.Fiber<unknown, unknown>

/** The record of a call that begins now. */
export const recordOf = <K extends Kind>(
  { model, operation, provider }: ModelCall<unknown, K>,
  request: ModelRequest<K>,
  { fiber, sink }: { readonly fiber: AnyFiber; readonly sink: Sink },
): CallRecord =>
  new CallRecord({ provider, model, operation: anyOperation(operation) }, request, {
    sink,
    clock: fiber.getRef(Clock.Clock),
    context: fiber.getRef(RequestContext),
  })
