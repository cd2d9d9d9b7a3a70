import { Effect } from "effect"

import { type FileCall } from "../../../FileHabit.ts"
import { type Message, type Route, type Said } from "../batch/route.ts"
import { type Dialect } from "../dialect.ts"

/** One call of a file API. */
export interface FileRoute extends Route {
  readonly fileCall: FileCall
  /** Whether the connection breaks before the call is done. */
  readonly isLost?: ((message: Message) => boolean) | undefined
}

/** A count of tokens. */
export const counting = (dialect: Dialect, run: (message: Message) => Said): FileRoute => ({
  dialect,
  call: "get",
  fileCall: "count",
  run: (message) => Effect.sync(() => run(message)),
})
