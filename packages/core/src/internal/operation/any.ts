import { type Kind, type Operation } from "../../Operation.ts"

/** An operation for code that is written for all of them, and only hands it what came from the same call. */
export const anyOperation = <K extends Kind>(operation: Operation<K>): Operation<Kind> =>
  operation as unknown as Operation<Kind>
