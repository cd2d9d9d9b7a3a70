import { type MessageInitShape } from "@bufbuild/protobuf"
/** A reader of a log as an iterator, which is how Connect takes a stream: it asks for the next one when it has room. */
import { Effect, Exit, Scope } from "effect"

import { type ChatEventSchema } from "../../chat_pb.ts"
import { ChatError } from "../../ChatError.ts"
import { type Entry } from "../answer/entry.ts"
import { type Following } from "../answer/registry.ts"
import { eventInit } from "./messages.ts"

type Message = MessageInitShape<typeof ChatEventSchema>

export interface Running {
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
  /** Runs with the context of the call, until its client is gone. */
  readonly run: <A>(effect: Effect.Effect<A, ChatError>) => Promise<A>
  /** What Connect is told of a failure. */
  readonly refuse: (error: ChatError) => Error
}

/** Characters that are taken from a log at once. */
const mostPerTurn = 16_384

export class EventIterator implements AsyncIterableIterator<Message, undefined> {
  private readonly scope = Scope.makeUnsafe()
  private readonly follow: Effect.Effect<Following, ChatError, Scope.Scope>
  private readonly running: Running
  private following: Following | undefined
  private entries: ReadonlyArray<Entry> = []
  private at = 0
  private number = 0
  private waiting: (() => void) | undefined
  private unwatch: (() => void) | undefined

  constructor(follow: Effect.Effect<Following, ChatError, Scope.Scope>, running: Running) {
    this.follow = follow
    this.running = running
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const { following } = this
    if (following === undefined) return this.begin()
    const entry = this.entries[this.at]
    if (entry !== undefined) {
      this.at++
      this.number++
      const { event } = entry
      if (event.type === "error") return this.fail(new ChatError(event.error))
      return Promise.resolve({ done: false, value: eventInit(event, this.number) })
    }
    this.entries = following.reader.take(mostPerTurn)
    this.at = 0
    if (this.entries.length > 0) return this.next()
    if (following.reader.done) return this.return()
    if (this.running.signal.aborted) return this.return()
    return this.more().then(() => this.next())
  }

  /** Without a fiber: a log may grow many thousand times a second. */
  private more(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting = resolve
    })
  }

  private readonly wake = (): void => {
    const { waiting } = this
    this.waiting = undefined
    waiting?.()
  }

  private watch(following: Following): void {
    const { signal } = this.running
    const leave = following.reader.log.watch(this.wake)
    signal.addEventListener("abort", this.wake)
    this.unwatch = () => {
      leave()
      signal.removeEventListener("abort", this.wake)
    }
  }

  return(): Promise<IteratorResult<Message, undefined>> {
    return this.leave().then(() => ({ done: true, value: undefined }))
  }

  private begin(): Promise<IteratorResult<Message, undefined>> {
    return this.running.run(Effect.result(Scope.provide(this.follow, this.scope))).then(
      (followed) => {
        if (followed._tag === "Failure") return this.fail(followed.failure)
        this.following = followed.success
        this.watch(followed.success)
        this.number = followed.success.reader.position
        return this.next()
      },
      (cause: unknown) => this.leave().then(() => Promise.reject(cause as Error)),
    )
  }

  private fail(error: ChatError): Promise<never> {
    return this.leave().then(() => Promise.reject(this.running.refuse(error)))
  }

  private leave(): Promise<void> {
    this.unwatch?.()
    this.unwatch = undefined
    return Effect.runPromise(Scope.close(this.scope, Exit.void))
  }
}
