import { Exit } from "effect"

import * as PolicyError from "../../PolicyError.ts"

/** The error or the defect that an exit failed with; nothing where it succeeded or was interrupted. */
export const errorOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (Exit.isSuccess(exit)) return undefined
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail") return PolicyError.unfold(reason.error)
    if (reason._tag === "Die") return reason.defect
  }
  return undefined
}
