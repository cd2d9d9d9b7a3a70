/**
 * Thousands of prompts: bulk runs that go on where they were stopped.
 *
 * @module @holdfast/batch
 */
export * as BatchEvent from "./BatchEvent.ts"
export * as BatchJob from "./BatchJob.ts"
export * as Bulk from "./Bulk.ts"
export * as Input from "./Input.ts"
export * as Journal from "./Journal.ts"
export * as Progress from "./Progress.ts"
