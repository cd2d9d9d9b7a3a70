import { Effect } from "effect"

/** Sets variables of the process for as long as a scope is open. */
export const environment = (variables: Record<string, string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = { ...process.env }
      Object.assign(process.env, variables)
      return before
    }),
    (before) =>
      Effect.sync(() => {
        process.env = before
      }),
  )
