import { Effect } from "effect"

import { Sink } from "../../Event.ts"
import { type ModelRequest, type Source } from "../call/types.ts"
import { tell } from "./tell.ts"

/** Fails with a policy's refusal, which is an event too. */
export const refuse = <E>(
  request: ModelRequest,
  { model, provider }: Source,
  { error, policy }: { readonly policy: string; readonly error: E },
): Effect.Effect<never, E> =>
  Effect.withFiber((fiber) => {
    const sink = fiber.getRef(Sink)
    if (sink !== undefined) tell(sink, { _tag: "Refused", callId: request.call.id, policy, provider, model, error })
    return Effect.fail(error)
  })
