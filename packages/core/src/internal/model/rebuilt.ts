/**
 * Finds limits that are made anew for every request, by how often the same thing is built in one process.
 */
import { Clock, Context, Effect } from "effect"

import { type Description } from "./description.ts"

/** So many accounts or regions may have models that look alike; a request handler soon makes more. */
const suspicious = 8

/** Descriptions that are remembered. A process has few. */
const maxKeys = 1_000

const builds = new Map<string, number>()

/** Begins to count anew. For tests, which share a process. */
export const forgetBuilds = (): void => builds.clear()

/**
 * Counts one more build of what is equal by its name, and warns once when there are too many. Tests build things anew on
 * purpose, so nothing is counted under a clock of theirs.
 */
const countBuild = (key: string, warning: string): Effect.Effect<void> =>
  Effect.flatMap(Clock.Clock, (clock) => {
    if (clock !== Context.get(Context.empty(), Clock.Clock) || builds.size >= maxKeys) return Effect.void
    const count = (builds.get(key) ?? 0) + 1
    builds.set(key, count)
    return count === suspicious ? Effect.logWarning(warning) : Effect.void
  })

/** Counts a model that looks like others and has limits of its own. */
export const countStack = (stack: Description): Effect.Effect<void> =>
  countBuild(
    JSON.stringify(stack),
    `${suspicious} equal models with ${stack.name} were made, and each has circuits and limits of its own. Make the model once, outside of the request handler, so that all requests share them.`,
  )

const remembering: ReadonlySet<Description["place"]> = new Set<Description["place"]>([
  "breaker",
  "rateLimit",
  "concurrencyLimit",
  "retryBudget",
  "cache",
])

/** Whether a policy by itself remembers what must outlive a request. */
export const remembers = ({ place }: Description): boolean => remembering.has(place)

/** A layer of state in memory, which is to be provided once. */
export const countingLayer = <A>(name: string, make: () => A): Effect.Effect<A> =>
  Effect.map(
    countBuild(
      name,
      `${name} was built ${suspicious} times, and what each counts is apart from the others. Provide it once, to the whole application, and not around each request.`,
    ),
    make,
  )
