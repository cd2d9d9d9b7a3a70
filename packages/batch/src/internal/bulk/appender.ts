import { Deferred, Effect, Queue, type Scope } from "effect"

interface Entry<E> {
  readonly text: string
  readonly written: Deferred.Deferred<void, E>
}

/** How many lines go into one write at most. */
const batch = 256

/**
 * One writer for many: lines never mix, and what has gathered while it wrote goes out in one call.
 */
export class Appender<E> {
  private readonly queue: Queue.Queue<Entry<E>>

  private constructor(queue: Queue.Queue<Entry<E>>) {
    this.queue = queue
  }

  static readonly make = <E2>(
    write: (bytes: Uint8Array) => Effect.Effect<void, E2>,
  ): Effect.Effect<Appender<E2>, never, Scope.Scope> =>
    Effect.gen(function* () {
      const queue = yield* Queue.bounded<Entry<E2>>(batch)
      const encoder = new TextEncoder()
      const writeSome = Effect.flatMap(Queue.takeBetween(queue, 1, batch), (entries) =>
        Effect.flatMap(Effect.exit(write(encoder.encode(entries.map(({ text }) => text).join("")))), (exit) =>
          Effect.sync(() => {
            for (const { written } of entries) Deferred.doneUnsafe(written, exit)
          }),
        ),
      )
      // A write that has begun is finished; only the wait for the next one ends with the scope.
      const next = Effect.uninterruptibleMask((restore) => Effect.andThen(restore(Queue.peek(queue)), writeSome))
      yield* Effect.forkScoped(Effect.forever(next))
      return new Appender(queue)
    })

  append(text: string): Effect.Effect<void, E> {
    return Effect.suspend(() => {
      const written = Deferred.makeUnsafe<void, E>()
      return Effect.andThen(Queue.offer(this.queue, { text, written }), Deferred.await(written))
    })
  }
}
