/**
 * Which calls of `embed` may share one request: those for which nothing differs that decides who pays, which settings
 * apply, and who hears of it.
 *
 * All that policies, guards and providers find in the context of a call may decide that: they run in the context of the
 * first of its calls. So everything counts, but for what Effect keeps of the fiber itself.
 */
import { type Context, Layer, References, Result, Scope, Tracer } from "effect"

import { plainReferences } from "../call/plainReferences.ts"
import { canonical } from "../canonical.ts"

const ofTheFiber: ReadonlySet<string> = new Set([
  Tracer.ParentSpan.key,
  Scope.Scope.key,
  Layer.CurrentMemoMap.key,
  References.CurrentStackFrame.key,
  References.CurrentLogAnnotations.key,
  References.CurrentLogSpans.key,
  References.TracerSpanAnnotations.key,
  References.TracerSpanLinks.key,
])

// The request that a server answers, and where it was routed.
const ofTheServer = "effect/http/"

/** Equal for calls that may share a request. */
export const batchKey = (context: Context.Context<never>): string => {
  const parts: Array<string> = []
  for (const [key, value] of context.mapUnsafe) {
    if (ofTheFiber.has(key) || key.startsWith(ofTheServer)) continue
    parts.push(`${key}=${plainReferences.has(key) ? written(value) : identity(value)}`)
  }
  return parts.toSorted().join("\n")
}

const texts = new WeakMap<object, string>()

const written = (value: unknown): string => {
  const known = isObject(value) ? texts.get(value) : undefined
  if (known !== undefined) return known
  // A function among the settings has no value to compare by.
  const text = Result.getOrElse(
    Result.try(() => canonical(value)),
    () => identity(value),
  )
  if (isObject(value)) texts.set(value, text)
  return text
}

let objects = 0
const identities = new WeakMap<object, string>()

const identity = (value: unknown): string => {
  if (!isObject(value)) return `${typeof value} ${String(value)}`
  const known = identities.get(value)
  if (known !== undefined) return known
  const own = `#${objects++}`
  identities.set(value, own)
  return own
}

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function"
