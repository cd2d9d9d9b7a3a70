/**
 * Several sources, of which the first one counts that has a key which was not refused.
 */
import { type Clock, type Context, Effect, Exit, Redacted, Semaphore } from "effect"

import { type KeySource, KeyUnavailable } from "./types.ts"

/** A source that is made when it is needed first. */
class Member {
  private source: KeySource | undefined
  private buildAfter = -Infinity
  private readonly gate = Semaphore.makeUnsafe(1)
  private readonly build: Effect.Effect<KeySource, unknown>
  private readonly pause: number
  /** The key that it gave last. */
  private given: string | undefined
  /** A key of this member that was refused. */
  private refused: string | undefined

  constructor(member: KeySource | Effect.Effect<KeySource, unknown>, pause: number) {
    this.build = Effect.isEffect(member) ? member : Effect.succeed(member)
    this.pause = pause
  }

  readonly key: Effect.Effect<Redacted.Redacted | undefined> = Effect.suspend(() =>
    Effect.flatMap(this.made, (source) =>
      source === undefined ? Effect.undefined : Effect.orElseSucceed(source.current, () => undefined),
    ),
  )

  get keys(): ReadonlyArray<Redacted.Redacted> {
    return [...(this.source?.given?.() ?? []), ...(this.given === undefined ? [] : [Redacted.make(this.given)])]
  }

  /** Whether a key may be given. */
  gives(key: Redacted.Redacted): boolean {
    this.given = Redacted.value(key)
    return this.given !== this.refused
  }

  refuse(key: Redacted.Redacted): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.given === Redacted.value(key)) this.refused = this.given
      return this.source?.refused(key) ?? Effect.void
    })
  }

  private get made(): Effect.Effect<KeySource | undefined> {
    if (this.source !== undefined) return Effect.succeed(this.source)
    return this.gate.withPermits(1)(Effect.clockWith((clock) => Effect.suspend(() => this.builtBy(clock))))
  }

  private builtBy(clock: Clock.Clock): Effect.Effect<KeySource | undefined> {
    if (this.source !== undefined || clock.currentTimeMillisUnsafe() < this.buildAfter) {
      return Effect.succeed(this.source)
    }
    return Effect.map(Effect.exit(this.build), (exit) => {
      if (Exit.isSuccess(exit)) this.source = exit.value
      else this.buildAfter = clock.currentTimeMillisUnsafe() + this.pause
      return this.source
    })
  }
}

export const chain = <R>(
  members: ReadonlyArray<KeySource | Effect.Effect<KeySource, unknown, R>>,
  options: { readonly name: string; readonly pause: number; readonly context: Context.Context<R> },
): KeySource => {
  const slots = members.map(
    (member) =>
      new Member(Effect.isEffect(member) ? Effect.provideContext(member, options.context) : member, options.pause),
  )
  const unavailable = new KeyUnavailable({ source: options.name, reason: "no source has one" })
  return {
    current: Effect.gen(function* () {
      let last: Redacted.Redacted | undefined
      for (const slot of slots) {
        const key = yield* slot.key
        if (key === undefined) continue
        last ??= key
        if (slot.gives(key)) return key
      }
      // All are refused: the vendor says so again, or has changed its mind.
      return last ?? (yield* Effect.fail(unavailable))
    }),
    given: () => slots.flatMap((slot) => slot.keys),
    refused: (key) => Effect.forEach(slots, (slot) => slot.refuse(key), { discard: true }),
  }
}
