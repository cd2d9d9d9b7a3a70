/**
 * What reading one answer needs, and what it finds out on the way. Providers add to it what only their answers have.
 *
 * @since 0.1.0
 */
import { Effect, Random } from "effect"
import { type AiError, type Tool } from "effect/ai"

import { Bounds } from "./Bounds.ts"
import { defined, json } from "./Json.ts"
import { malformed, type Origin } from "./ProviderError.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly origin: Origin
  /** The key of the provider's metadata. */
  readonly key: string
  /** The provider's own tools that the caller declared, by the provider's names. */
  readonly declared?: ReadonlyMap<string, Tool.AnyProviderDefined> | undefined
}

/**
 * The metadata of a part.
 *
 * @since 0.1.0
 * @category models
 */
export type Metadata = { readonly [key: string]: ReturnType<typeof json> }

/**
 * The metadata of a provider, without what is undefined.
 *
 * @since 0.1.0
 * @category constructors
 */
export const metadata = (key: string, fields: Record<string, unknown>): Metadata => ({ [key]: json(defined(fields)) })

/**
 * The state of one answer.
 *
 * @since 0.1.0
 * @category models
 */
export class AnswerState {
  readonly origin: Origin
  readonly key: string
  readonly declared: ReadonlyMap<string, Tool.AnyProviderDefined>
  readonly bounds: Bounds
  private readonly callIds = new Set<string>()
  private readonly callsOfId = new Map<string, Set<string>>()

  constructor({ declared, key, origin }: Options) {
    this.origin = origin
    this.key = key
    this.declared = declared ?? new Map()
    this.bounds = new Bounds(origin)
  }

  /** How many calls there are so far. */
  get callCount(): number {
    return this.callIds.size
  }

  /** Whether a call has this id. */
  isClaimed(id: string): boolean {
    return this.callIds.has(id)
  }

  /** Takes in the id of a tool call. Two with one id could not be told apart. */
  claim(id: string): AiError.AiError | undefined {
    if (this.callIds.has(id)) return malformed(this.origin, "two tool calls have one id", true)
    this.callIds.add(id)
    return undefined
  }

  /** Takes in an id and gives it back, or one of ours where another call has it. */
  freeId(given: string): string {
    let id = given
    for (let number = this.callIds.size; this.callIds.has(id); number++) id = `${given}-${number}`
    this.callIds.add(id)
    return id
  }

  /** Whether a call with this id, which calls the very same with the same arguments, has been read. */
  isRepeatedCall(given: string, call: string): boolean {
    const known = this.callsOfId.get(given) ?? new Set()
    this.callsOfId.set(given, known)
    if (known.has(call)) return true
    known.add(call)
    return false
  }

  /**
   * The id of a call that is told from others by its name and arguments: the one that is given, or one of ours where
   * another call has that. None where the very same call has it.
   */
  distinctId(given: string, call: string): string | undefined {
    return this.isRepeatedCall(given, call) ? undefined : this.freeId(given)
  }

  /** A piece of the arguments of a tool call. Gives the error if all of them have become too long. */
  gatherArguments(tool: string, piece: string): AiError.AiError | undefined {
    return this.bounds.gather(argumentsOf(tool), piece)
  }

  /** The error for the arguments of one call that are too long by themselves. */
  limitArguments(tool: string, length: number): AiError.AiError | undefined {
    return this.bounds.limit(argumentsOf(tool), length)
  }

  /** Our metadata, without what is undefined. */
  metadata(fields: Record<string, unknown>): Metadata {
    return metadata(this.key, fields)
  }
}

const argumentsOf = (tool: string): string => `what tool "${tool}" is given`

/**
 * What the ids of calls begin with that the provider gave none. They must differ between the turns of a conversation.
 *
 * @since 0.1.0
 * @category constructors
 */
export const randomId = (prefix: string): Effect.Effect<string> =>
  Effect.map(
    Effect.all([Random.nextIntBetween(0, 2 ** 31), Random.nextIntBetween(0, 2 ** 31)]),
    (numbers) => `${prefix}${numbers.map((number) => number.toString(36)).join("")}`,
  )
