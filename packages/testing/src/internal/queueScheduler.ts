import { type Scheduler } from "effect"

/** Fibers are run from a plain queue, when its owner says so, without a turn of the event loop for each. */
export const queueScheduler = (queue: {
  readonly add: (task: () => void) => void
  readonly run: () => void
}): Scheduler.Scheduler => ({
  executionMode: "async",
  shouldYield: (fiber) => fiber.currentOpCount >= fiber.cache.maxOpsBeforeYield,
  makeDispatcher: () => ({ scheduleTask: queue.add, flush: queue.run }),
})
