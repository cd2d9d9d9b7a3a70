/**
 * How much an answer may hold. Nothing of it is trusted, and neither our memory nor our stack is the provider's to take.
 *
 * @since 0.1.0
 */

import { Predicate, Result } from "effect"
import { type AiError } from "effect/ai"

import { longestGathered } from "./EventReader.ts"
import { params } from "./Json.ts"
import { malformed, type Origin } from "./ProviderError.ts"

const deepest = 500
const mostKept = 10_000

/**
 * Whether a value is nested too deeply for what is done with it later, such as writing it as JSON. 500 levels if left out.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isTooDeep = (value: unknown, levels: number = deepest): boolean => isDeeperThan(levels, value)

// Runs over every answer. `for in` would take several times as long, because each kind of object is another one to V8.
const isDeeperThan = (levels: number, value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false
  if (levels === 0) return true
  const values: ReadonlyArray<unknown> = Array.isArray(value) ? value : Object.values(value)
  for (const inner of values) if (isDeeperThan(levels - 1, inner)) return true
  return false
}

/**
 * The parsed arguments of a tool call, unless they cannot be trusted.
 *
 * **Details**
 *
 * Arguments are an object. Models that call a tool without parameters write nothing, white space or `null` instead, which
 * is the empty one, and some servers write the object as a text once more, or an empty one before the real one. Whatever else it
 * is fails: a tool that ran with `{}` in its place would do something that was not asked for.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parsedArguments = (written: string): Result.Result<unknown, unknown> =>
  Result.flatMap(paramsOnce(written), (value) => {
    if (value === null || value === "") return Result.succeed({})
    if (Predicate.isString(value)) return Result.flatMap(params(value), checkedObject)
    return checkedObject(value)
  })

const paramsOnce = (written: string): ReturnType<typeof params> => {
  const parsed = params(written)
  if (Result.isSuccess(parsed)) return parsed
  const rest = afterEmpty.exec(written)?.[1]
  return rest === undefined ? parsed : params(rest)
}

const afterEmpty = /^\s{0,9}\{\s{0,9}\}\s{0,9}(\{[^]*)$/

const checkedObject = (value: unknown): Result.Result<unknown, unknown> => {
  if (value === null) return Result.succeed({})
  return Predicate.isReadonlyObject(value) && !Array.isArray(value) && !isTooDeep(value)
    ? Result.succeed(value)
    : Result.failVoid
}

/**
 * Arguments of a tool call as text, in whatever type of JSON they came, and nothing where there are none.
 *
 * @since 0.1.0
 * @category conversions
 */
export const writtenArguments = (value: unknown): string =>
  Predicate.isNullish(value) ? "" : Predicate.isString(value) ? value : writtenJson(value)

// What is too deep to be written cannot be read either.
const writtenJson = (value: unknown): string => (isTooDeep(value) ? "too deep" : JSON.stringify(value))

/**
 * Keeps count of what is gathered of one answer. Every method gives the error if it has become too much.
 *
 * @since 0.1.0
 * @category models
 */
export class Bounds {
  private readonly origin: Origin
  private characters = 0
  private kept = 0

  constructor(origin: Origin) {
    this.origin = origin
  }

  /** A piece of a text that cannot be given out before it is whole. */
  gather(what: string, piece: string): AiError.AiError | undefined {
    this.characters += piece.length
    return this.limit(what, this.characters)
  }

  /** A text whose length is counted elsewhere. */
  limit(what: string, length: number): AiError.AiError | undefined {
    return length > longestGathered
      ? malformed(this.origin, `${what} exceeds ${longestGathered} characters`, true)
      : undefined
  }

  /** A block or a call, of which something is remembered until the answer is over. */
  keep(): AiError.AiError | undefined {
    this.kept += 1
    return this.kept > mostKept
      ? malformed(this.origin, `the answer has more than ${mostKept} blocks and calls`, true)
      : undefined
  }
}
