import { type Priority } from "../../RequestContext.ts"

/** The priorities, the most urgent first. */
export const priorities: ReadonlyArray<Priority> = ["critical", "interactive", "batch", "best-effort"]
