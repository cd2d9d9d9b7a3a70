/** One exchange on a socket: it follows one answer, as fast as the client acknowledges and the socket takes. */
import { Effect, type Scope } from "effect"

import { type ChatError } from "../../ChatError.ts"
import { type Entry } from "../answer/entry.ts"
import { type Following } from "../answer/registry.ts"
import { Signal } from "../answer/signal.ts"
import { type Wire } from "./wire.ts"

/** How an exchange is said. It may depend on what was said before, so each exchange has its own. */
export interface Voice {
  readonly opening: ReadonlyArray<string>
  readonly frames: (entry: Entry, number: number) => ReadonlyArray<string>
  readonly closing: ReadonlyArray<string>
  /** Where there is nothing more to say, and never will be. */
  readonly over: ReadonlyArray<string>
  readonly refused: (error: ChatError) => string
}

/** Characters that are taken from a log at once. */
const mostPerTurn = 16_384

export class Exchange {
  answerId: string | undefined
  private acked = 0
  private readonly acknowledged = new Signal()
  private readonly window: number

  constructor(window = Number.POSITIVE_INFINITY) {
    this.window = window
  }

  /** The client has taken events up to this number. */
  acknowledge(number: number): void {
    if (number <= this.acked) return
    this.acked = number
    this.acknowledged.notify()
  }

  /** Until the answer is over. Leaving the exchange interrupts it. */
  run(
    follow: Effect.Effect<Following, ChatError, Scope.Scope>,
    { voice, wire }: { readonly wire: Wire; readonly voice: Voice },
  ): Effect.Effect<void> {
    const all = (frames: ReadonlyArray<string>) => Effect.forEach(frames, wire.send, { discard: true })
    return Effect.scoped(
      Effect.matchEffect(follow, {
        onFailure: (error) => wire.send(voice.refused(error)),
        onSuccess: (following) => {
          this.answerId = following.answerId
          this.acked = Math.max(this.acked, following.reader.position)
          if (following.reader.done) return all(voice.over)
          return Effect.andThen(
            all(voice.opening),
            Effect.andThen(this.read(following, { voice, wire }), all(voice.closing)),
          )
        },
      }),
    )
  }

  private read(
    { reader }: Following,
    { voice, wire }: { readonly wire: Wire; readonly voice: Voice },
  ): Effect.Effect<void> {
    const next: Effect.Effect<void> = Effect.suspend(() => {
      const room = this.acked + this.window - reader.position
      if (room <= 0 && !reader.done) {
        return Effect.flatMap(
          this.acknowledged.until(() => this.acked + this.window > reader.position),
          () => next,
        )
      }
      const first = reader.position + 1
      const entries = reader.take(mostPerTurn, room)
      if (entries.length === 0) return reader.done ? Effect.void : Effect.flatMap(reader.more, () => next)
      const frames = entries.flatMap((entry, index) => voice.frames(entry, first + index))
      return Effect.flatMap(Effect.forEach(frames, wire.send, { discard: true }), () => next)
    })
    return next
  }
}
