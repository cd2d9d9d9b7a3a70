/** The answers of one process: those that are being written, and those that can still be followed. */
import { RequestContext } from "@holdfast/core"
import { Context, Deferred, Effect, Exit, Scope, type Stream } from "effect"

import { ChatError } from "../../ChatError.ts"
import { type ChatRequest, type Start } from "../../ChatProtocol.ts"
import * as own from "../error/own.ts"
import { type Part } from "./events.ts"
import { Finished } from "./finished.ts"
import { type Bounds, type Ending, generate } from "./generation.ts"
import { Log, type Reader } from "./log.ts"
import { Signal } from "./signal.ts"
import { type AnswerStore, type Key, type Published } from "./store.ts"

export interface RegistryOptions extends Bounds {
  readonly store: AnswerStore
  /** Milliseconds that an answer goes on while nobody reads. 0 ends it with its connection. */
  readonly abandonAfter: number
  /** Milliseconds that an answer can be followed after its end. */
  readonly retention: number
  /** Characters of answers that are over. */
  readonly maxRetained: number
  /** Characters. */
  readonly lead: number
}

/** A reader of an answer, and what the answer is called. */
export interface Following {
  readonly answerId: string
  readonly reader: Reader
}

interface Answer {
  readonly key: Key
  readonly log: Log
  readonly ending: Deferred.Deferred<Ending>
  /** Milliseconds that it goes on while nobody reads. */
  readonly patience: number
  readonly chatId: string | undefined
  readonly start: typeof Start.Type
}

export class Registry {
  private readonly answers = new Map<string, Answer>()
  private readonly newest = new Map<string, string>()
  /** Places of readers that come back with their next request. */
  private readonly idle = new Map<string, Effect.Effect<void>>()
  private readonly finished: Finished
  private running = 0
  private publishing = 0
  private stopping = false
  private readonly changed = new Signal()
  private readonly scope: Scope.Scope
  private readonly options: RegistryOptions

  /** Generations end with the scope. */
  constructor(scope: Scope.Scope, options: RegistryOptions) {
    this.scope = scope
    this.options = options
    this.finished = new Finished(options.maxRetained, (name) => this.forget(name))
  }

  /** Begins an answer, or follows the one that has this id already. */
  ask<E, R>(
    request: ChatRequest,
    parts: Stream.Stream<Part, E, R>,
    { patience = this.options.abandonAfter, services }: AskOptions<R>,
  ): Effect.Effect<Following, ChatError, Scope.Scope> {
    return Effect.flatMap(RequestContext.RequestContext, ({ tenant }) => {
      if (this.stopping) return Effect.fail(new ChatError(own.serverStopping))
      const id = request.answerId ?? globalThis.crypto.randomUUID()
      const known = this.answers.get(nameOf({ tenant, id }))
      if (known !== undefined) return reading(known.log, { answerId: id, after: 0 })
      return Effect.uninterruptible(this.begin({ key: { tenant, id }, request, patience, services }, parts))
    })
  }

  /** Goes on after an event, wherever the answer is written. */
  follow(answerId: string, after: number): Effect.Effect<Following, ChatError, Scope.Scope> {
    return Effect.flatMap(RequestContext.RequestContext, ({ tenant }) => {
      const key = { tenant, id: answerId }
      const known = this.answers.get(nameOf(key))
      if (known !== undefined) return reading(known.log, { answerId, after })
      return this.elsewhere(key, after)
    })
  }

  /**
   * Follows an answer for as long as one request of many takes, and keeps the place for the next one, so that between them the
   * answer is neither abandoned nor written without limit.
   */
  session<A, E>(
    { follow, keep }: { readonly follow: Effect.Effect<Following, E, Scope.Scope>; readonly keep: number },
    use: (following: Following) => Effect.Effect<A>,
  ): Effect.Effect<A, E> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function* () {
        const { tenant } = yield* RequestContext.RequestContext
        const scope = yield* Scope.make()
        const leave = Scope.close(scope, Exit.void)
        const following = yield* Effect.onError(Scope.provide(restore(follow), scope), () => leave)
        const name = nameOf({ tenant, id: following.answerId })
        yield* this.resume(name)
        return yield* Effect.onExit(restore(use(following)), () =>
          following.reader.done ? leave : this.suspend(name, { leave, keep }),
        )
      }),
    )
  }

  private resume(name: string): Effect.Effect<void> {
    const before = this.idle.get(name)
    this.idle.delete(name)
    return before ?? Effect.void
  }

  private suspend(name: string, { keep, leave }: { readonly leave: Effect.Effect<void>; readonly keep: number }) {
    return Effect.andThen(this.resume(name), () => {
      this.idle.set(name, leave)
      const end = Effect.suspend(() => (this.idle.get(name) === leave ? this.resume(name) : Effect.void))
      return Effect.forkIn(Effect.interruptible(Effect.andThen(Effect.sleep(keep), end)), this.scope)
    })
  }

  /** Ends an answer at its provider, for all of its readers. */
  stop(answerId: string): Effect.Effect<void, ChatError> {
    return Effect.flatMap(RequestContext.RequestContext, ({ tenant }) => {
      const key = { tenant, id: answerId }
      const known = this.answers.get(nameOf(key))
      if (known !== undefined) return Effect.asVoid(Deferred.succeed(known.ending, "stopped"))
      return Effect.flatMap(this.options.store.stop(key), (found) => (found ? Effect.void : notFound))
    })
  }

  /** The answer of a conversation that was begun last. */
  newestOf(chatId: string): Effect.Effect<string | undefined, ChatError> {
    return Effect.flatMap(RequestContext.RequestContext, ({ tenant }) => {
      const id = this.newest.get(nameOf({ tenant, id: chatId }))
      return id === undefined ? this.options.store.newest(tenant, chatId) : Effect.succeed(id)
    })
  }

  /** Takes no new request, and completes when no answer is being written. */
  readonly drain: Effect.Effect<void> = Effect.suspend(() => {
    this.stopping = true
    return this.changed.until(() => this.running === 0)
  })

  /** Completes when all that was written is where other processes find it. */
  readonly published: Effect.Effect<void> = this.changed.until(() => this.publishing === 0)

  private begin<E, R>(
    asked: Asked<R>,
    parts: Stream.Stream<Part, E, R>,
  ): Effect.Effect<Following, ChatError, Scope.Scope> {
    return Effect.suspend(() => {
      const { key, patience, request, services } = asked
      const { lead, maxDuration, retention, store } = this.options
      const name = nameOf(key)
      const log = new Log({ retained: patience > 0, lead })
      const { chatId, messageId } = request
      const start = {
        type: "start" as const,
        answerId: key.id,
        ...(chatId !== undefined && { chatId }),
        ...(messageId !== undefined && { messageId }),
      }
      const answer: Answer = { key, log, ending: Deferred.makeUnsafe(), patience, chatId, start }
      this.answers.set(name, answer)
      const end = (why: Ending) => Deferred.doneUnsafe(answer.ending, Effect.succeed(why))
      const published: Published = { key, chatId: request.chatId, log, retention, maxDuration, end }
      return Effect.flatMap(reading(log, { answerId: key.id, after: 0 }), (following) =>
        Effect.flatMap(patience > 0 ? store.claim(published) : yes, (claimed) => {
          if (!claimed) {
            this.answers.delete(name)
            log.close()
            return this.elsewhere(key, 0)
          }
          if (request.chatId !== undefined) this.newest.set(nameOf({ ...key, id: request.chatId }), key.id)
          return Effect.as(this.run({ answer, published, services }, parts), following)
        }),
      )
    })
  }

  private run<E, R>({ answer, published, services }: Begun<R>, parts: Stream.Stream<Part, E, R>): Effect.Effect<void> {
    const { key, log, start } = answer
    const abandoned = this.abandoned(answer)
    this.running++
    const generation = Effect.andThen(
      Effect.ensuring(
        // What the request has set goes before what the layer has.
        Effect.updateContext(
          generate({ log, start, ending: answer.ending, abandoned }, parts, this.options),
          (context: Context.Context<never>) => Context.merge(services, context),
        ),
        Effect.sync(() => this.over(answer)),
      ),
      answer.patience === 0 ? Effect.void : this.keep(nameOf(key), Math.max(answer.patience, this.options.retention)),
    )
    const publication = Effect.ensuring(
      this.options.store.publish(published),
      Effect.sync(() => {
        this.publishing--
        this.changed.notify()
      }),
    )
    const shared = answer.patience > 0
    if (shared) this.publishing++
    return Effect.andThen(
      Effect.forkIn(Effect.interruptible(generation), this.scope),
      shared ? Effect.forkDetach(Effect.interruptible(publication)) : Effect.void,
    )
  }

  private abandoned(answer: Answer): Effect.Effect<void> {
    const { key, log } = answer
    const wait: Effect.Effect<void> = Effect.suspend(() =>
      answer.patience === 0
        ? Effect.void
        : Effect.flatMap(Effect.timeoutOption(log.attended, answer.patience), (attended) =>
            attended._tag === "Some"
              ? next
              : Effect.flatMap(this.options.store.isRead(key), (read) => (read ? wait : Effect.void)),
          ),
    )
    const next: Effect.Effect<void> = Effect.flatMap(log.deserted, () => wait)
    return next
  }

  private over(answer: Answer): void {
    this.running--
    const name = nameOf(answer.key)
    if (answer.patience === 0) this.forget(name)
    else this.finished.add(name, answer.log.size)
    this.changed.notify()
  }

  /** Knows the answer by name only, so that one that has made room is gone. */
  private keep(name: string, time: number): Effect.Effect<void> {
    return Effect.andThen(
      Effect.sleep(time),
      Effect.sync(() => this.finished.remove(name)),
    )
  }

  private forget(name: string): void {
    const answer = this.answers.get(name)
    this.answers.delete(name)
    if (answer?.chatId === undefined) return
    const chat = nameOf({ ...answer.key, id: answer.chatId })
    if (this.newest.get(chat) === answer.key.id) this.newest.delete(chat)
  }

  private elsewhere(key: Key, after: number): Effect.Effect<Following, ChatError, Scope.Scope> {
    return Effect.flatMap(this.options.store.find(key), (log) =>
      log === undefined ? notFound : reading(log, { answerId: key.id, after }),
    )
  }
}

interface AskOptions<R> {
  /** Of the program that answers. */
  readonly services: Context.Context<R>
  /** Milliseconds that the answer goes on while nobody reads. */
  readonly patience?: number | undefined
}

interface Asked<R> {
  readonly key: Key
  readonly request: ChatRequest
  readonly patience: number
  readonly services: Context.Context<R>
}

interface Begun<R> {
  readonly answer: Answer
  readonly published: Published
  readonly services: Context.Context<R>
}

const yes = Effect.succeed(true)

const notFound = Effect.suspend(() => Effect.fail(new ChatError(own.answerNotFound)))

/** A tenant cannot be chosen so that it reads as another one. */
const nameOf = ({ id, tenant }: Key): string => `${JSON.stringify(tenant ?? null)} ${id}`

const reading = (
  log: Log,
  { after, answerId }: { readonly answerId: string; readonly after: number },
): Effect.Effect<Following, ChatError, Scope.Scope> =>
  Effect.suspend(() =>
    after < log.first
      ? notFound
      : Effect.map(
          Effect.acquireRelease(
            Effect.sync(() => log.reader(after)),
            (reader) => Effect.sync(() => reader.close()),
          ),
          (reader) => ({ answerId, reader }),
        ),
  )
