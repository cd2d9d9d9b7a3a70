import { type RequestContext } from "@holdfast/core"
import { type Effect } from "effect"

import { type ChatError } from "../../ChatError.ts"

/** Who calls, from the headers of a call. */
export type Authenticate = (
  headers: Readonly<Record<string, string>>,
) => Effect.Effect<Partial<RequestContext.RequestContext>, ChatError>
