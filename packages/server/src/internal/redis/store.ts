/**
 * Answers that several processes share, in streams of Redis.
 *
 * Each process reads all that its clients follow over one connection. It has an inbox, in which others ask it to stop an answer,
 * and which it rings itself when there is more to read; and a lease, without which the others know that it is gone.
 */
import { Effect, Schedule, type Scope } from "effect"
import { Redis } from "effect/persistence"

import { ChatError } from "../../ChatError.ts"
import { type Log } from "../answer/log.ts"
import { type AnswerStore, type Key, type Published } from "../answer/store.ts"
import * as own from "../error/own.ts"
import { append, byKey, field, type Reply, type StreamEntry } from "./entries.ts"
import { type Keys, keysOf, nameOf } from "./keys.ts"
import { Mirror } from "./mirror.ts"
import { publish } from "./publish.ts"

export interface RedisSettings {
  readonly prefix: string
  /** Milliseconds until a process that says nothing is held for dead. */
  readonly lease: number
  /** Milliseconds that a request waits for Redis. */
  readonly timeout: number
}

class RedisStore {
  readonly id = globalThis.crypto.randomUUID()
  readonly keys: Keys
  private readonly mirrors = new Map<string, Mirror>()
  private readonly written = new Map<string, Published>()
  private readonly redis: Redis.Redis["Service"]
  private readonly settings: RedisSettings
  private heard = "0-0"

  constructor(redis: Redis.Redis["Service"], settings: RedisSettings) {
    this.redis = redis
    this.settings = settings
    this.keys = keysOf(settings.prefix)
  }

  readonly store = (): AnswerStore => ({
    claim: (answer) => this.claim(answer),
    publish: (answer) => this.publish(answer),
    find: (key) => this.find(key),
    stop: (key) => this.stop(key),
    newest: (tenant, chatId) =>
      Effect.map(
        this.ask<string | null>("GET", this.keys.chat(nameOf({ tenant, id: chatId }))),
        (id) => id ?? undefined,
      ),
    isRead: (key) =>
      Effect.catch(
        Effect.map(this.ask<number>("EXISTS", this.keys.read(nameOf(key))), (count) => count === 1),
        () => Effect.succeed(false),
      ),
  })

  /** An answer of Redis, or in time that there is none. */
  private ask<A>(command: string, ...args: ReadonlyArray<string>): Effect.Effect<A, ChatError> {
    return Effect.timeoutOrElse(Effect.mapError(this.redis.send<A>(command, ...args), unavailable), {
      duration: this.settings.timeout,
      orElse: () => Effect.fail(unavailable()),
    })
  }

  private claim({ chatId, key, maxDuration, retention }: Published): Effect.Effect<boolean> {
    const ttl = String(Math.ceil(maxDuration + retention))
    const claimed = this.ask<string | null>("SET", this.keys.owner(nameOf(key)), this.id, "NX", "PX", ttl)
    const name =
      chatId === undefined
        ? Effect.void
        : this.ask("SET", this.keys.chat(nameOf({ ...key, id: chatId })), key.id, "PX", ttl)
    return Effect.catch(
      Effect.flatMap(claimed, (reply) => (reply === null ? Effect.succeed(false) : Effect.as(name, true))),
      // An answer is worth more than that it can be resumed elsewhere.
      () => Effect.succeed(true),
    )
  }

  private publish(answer: Published): Effect.Effect<void> {
    const name = nameOf(answer.key)
    return Effect.suspend(() => {
      this.written.set(name, answer)
      return Effect.ensuring(
        publish(answer, { redis: this.redis, keys: this.keys, name, writer: this.id }),
        Effect.sync(() => this.written.delete(name)),
      )
    })
  }

  private find(key: Key): Effect.Effect<Log | undefined, ChatError, Scope.Scope> {
    const name = nameOf(key)
    return Effect.flatMap(this.ask<string | null>("GET", this.keys.owner(name)), (owner) =>
      owner === null ? Effect.undefined : Effect.map(this.mirror(name, owner), ({ log }) => log),
    )
  }

  /** Its log has all that is there now before anyone reads it. */
  private mirror(name: string, owner: string): Effect.Effect<Mirror, ChatError, Scope.Scope> {
    const joined = Effect.acquireRelease(
      Effect.sync(() => {
        const mirror = this.mirrors.get(name) ?? new Mirror(name, owner)
        this.mirrors.set(name, mirror)
        mirror.readers++
        return mirror
      }),
      (mirror) =>
        Effect.sync(() => {
          if (--mirror.readers === 0) this.mirrors.delete(name)
        }),
    )
    return Effect.tap(joined, (mirror) =>
      Effect.all([
        Effect.map(this.ask<ReadonlyArray<StreamEntry>>("XRANGE", this.keys.events(name), "-", "+"), (entries) =>
          mirror.take(entries),
        ),
        this.present(name),
        mirror.log.ended ? Effect.void : this.ring(this.id, "read", name),
      ]),
    )
  }

  private present(name: string): Effect.Effect<unknown, ChatError> {
    return this.ask("SET", this.keys.read(name), "1", "PX", String(this.settings.lease))
  }

  private ring(process: string, what: "read" | "stop", name: string): Effect.Effect<unknown, ChatError> {
    const inbox = this.keys.inbox(process)
    return Effect.andThen(
      this.ask("XADD", inbox, "MAXLEN", "~", "1000", "*", what, name),
      this.ask("PEXPIRE", inbox, String(this.settings.lease * 4)),
    )
  }

  private stop(key: Key): Effect.Effect<boolean, ChatError> {
    const name = nameOf(key)
    return Effect.flatMap(this.ask<string | null>("GET", this.keys.owner(name)), (owner) =>
      owner === null ? Effect.succeed(false) : Effect.as(this.ring(owner, "stop", name), true),
    )
  }

  /** One read of everything that is followed here, and of the inbox. It waits as long as nothing comes. */
  read(connection: Redis.Connection): Effect.Effect<void, Redis.RedisError> {
    return Effect.suspend(() => {
      const mirrors = [...this.mirrors.values()].filter(({ log }) => !log.ended)
      const inbox = this.keys.inbox(this.id)
      const streams = [inbox, ...mirrors.map(({ name }) => this.keys.events(name))]
      const places = [this.heard, ...mirrors.map(({ last }) => last)]
      const block = String(Math.ceil(this.settings.lease))
      return Effect.map(
        connection.send<Reply>("XREAD", "COUNT", "500", "BLOCK", block, "STREAMS", ...streams, ...places),
        (reply) => {
          const entries = byKey(reply)
          for (const entry of entries.get(inbox) ?? []) this.obey(entry)
          for (const mirror of mirrors) mirror.take(entries.get(this.keys.events(mirror.name)) ?? [])
        },
      )
    })
  }

  private obey(entry: StreamEntry): void {
    this.heard = entry[0]
    const stopped = field(entry, "stop")
    if (stopped !== undefined) this.written.get(stopped)?.end("stopped")
  }

  /** Says that this process is alive and what is read here, and ends what processes wrote that are not. */
  readonly beat: Effect.Effect<void> = Effect.suspend(() => {
    const { keys, settings } = this
    const lease = String(settings.lease)
    const mirrors = [...this.mirrors.values()].filter(({ log }) => !log.ended)
    const alive = Effect.all([
      this.ask("SET", keys.process(this.id), "1", "PX", lease),
      // An inbox outlives its process only for a while.
      this.ask("PEXPIRE", keys.inbox(this.id), String(settings.lease * 4)),
      ...mirrors.map(({ name }) => this.present(name)),
    ])
    const owners = new Set(mirrors.map(({ owner }) => owner))
    const check = Effect.forEach(
      owners,
      (owner) =>
        Effect.flatMap(this.ask<number>("EXISTS", keys.process(owner)), (found) =>
          found === 1
            ? Effect.void
            : Effect.forEach(
                mirrors.filter((mirror) => mirror.owner === owner),
                (mirror) => this.bury(mirror),
              ),
        ),
      { discard: true },
    )
    return Effect.ignore(Effect.andThen(alive, check))
  })

  /** The last event of an answer whose process is gone. If that process writes after all, its entry was first, and it lives. */
  private bury({ log, name }: Mirror) {
    const event = JSON.stringify([{ type: "error", error: own.answerLost }])
    return this.redis.eval(append)({
      keys: [this.keys.events(name), this.keys.owner(name)],
      first: log.length + 1,
      writer: `lost ${this.id}`,
      events: event,
      end: true,
      ttl: this.settings.lease * 4,
    })
  }
}

const unavailable = () => new ChatError(own.answersUnavailable)

export const redisStore = (settings: RedisSettings): Effect.Effect<AnswerStore, never, Redis.Redis | Scope.Scope> =>
  Effect.gen(function* () {
    const redis = yield* Redis.Redis
    const shared = new RedisStore(redis, settings)
    yield* shared.beat
    yield* Effect.forkScoped(Effect.repeat(shared.beat, Schedule.spaced(settings.lease / 3)))
    const connected = Effect.flatMap(redis.reserve, (connection) => Effect.forever(shared.read(connection)))
    yield* Effect.forkScoped(Effect.retry(Effect.scoped(connected), Schedule.spaced("500 millis")))
    yield* Effect.addFinalizer(() =>
      Effect.ignore(redis.send("DEL", shared.keys.process(shared.id), shared.keys.inbox(shared.id))),
    )
    return shared.store()
  })
