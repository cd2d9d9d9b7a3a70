import { Context } from "effect"

/**
 * Why a policy interrupts the attempts below it. An attempt that is interrupted looks here whether a deadline cut it,
 * which is a failure of the model, or the caller gave it up, which is not.
 */
export interface Cut {
  readonly outer: Cut | undefined
  reason: unknown
}

export const CurrentCut: Context.Reference<Cut | undefined> = Context.Reference<Cut | undefined>(
  "@holdfast/core/CurrentCut",
  { defaultValue: () => undefined },
)

/** The reason of the innermost cut that has one. */
export const reasonOf = (cut: Cut | undefined): unknown => {
  for (let current = cut; current !== undefined; current = current.outer) {
    if (current.reason !== undefined) return current.reason
  }
  return undefined
}
