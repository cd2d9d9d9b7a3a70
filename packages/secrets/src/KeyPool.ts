/**
 * One model at several accounts of a vendor.
 *
 * Limits belong to accounts, not to keys: several keys of one organisation or project share what it may use, so a pool helps only over
 * several accounts. Prompt caches belong to accounts as well, so requests of one tenant stay with one as long as it answers.
 *
 * **Where in a stack**: where a fallback stands. What is piped onto the models inside is for each account, what is piped onto the
 * result is for all.
 *
 * @since 0.1.0
 */
import {
  Breaker,
  Failure,
  Fallback,
  KeySource,
  ModelCall,
  PolicyError,
  RateLimit,
  ResilientModel,
  Route,
} from "@holdfast/core"
import { type DurationInput } from "@holdfast/core/DurationInput"
import { Clock, Duration, Effect, Option, Redacted, Ref, Schedule, Schema, type Scope } from "effect"
import { AiError } from "effect/ai"

import * as State from "./internal/accountState.ts"

/**
 * An account that has a key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Account {
  /** Give it to the client as `account`, so that attempts carry it. */
  readonly name: string
  readonly apiKey: KeySource.KeySource
}

/**
 * The key of an account. One that cannot be made leaves the account out.
 *
 * @since 0.1.0
 * @category models
 */
export type Key<R = never> =
  | Redacted.Redacted
  | KeySource.KeySource
  | Effect.Effect<KeySource.KeySource, KeySource.KeyUnavailable, R>

/**
 * How accounts are used.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** What each account may use in a minute. None if left out. */
  readonly limits?: RateLimit.Limits | undefined
  /** When an account that fails is skipped. `Breaker.guard` with its own defaults if left out. */
  readonly breaker?: Omit<Breaker.Options, "key"> | undefined
  /** How long an account without money or quota is skipped, if it does not say until when. 1 hour if left out. */
  readonly quotaPause?: DurationInput | undefined
  /** How often a dead account is looked at for another key. 10 seconds if left out. */
  readonly checkEvery?: DurationInput | undefined
}

/**
 * The account's key was refused, its quota is used up, or it asked for a pause. No request is made.
 *
 * @since 0.1.0
 * @category errors
 */
export class AccountUnavailable
  extends Schema.TaggedError<AccountUnavailable>("@holdfast/secrets/AccountUnavailable")("AccountUnavailable", {
    account: Schema.String,
    provider: Schema.String,
    model: Schema.String,
    reason: Schema.Literals(["key", "limit"]),
  })
  implements PolicyError.PolicyError<"refusal">
{
  get [PolicyError.TypeId]() {
    return "refusal" as const
  }

  override get message(): string {
    const why =
      this.reason === "key" ? "its key was refused; give it a new one" : "it asked for a pause, or its quota is used up"
    return `account ${this.account} is skipped for ${this.model} of ${this.provider}: ${why}`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return this.reason === "key"
      ? new AiError.AuthenticationError({ kind: "InvalidKey", description: this.message, metadata })
      : new AiError.RateLimitError({ metadata })
  }
}

/**
 * Makes one model of those at several accounts.
 *
 * **Details**
 *
 * - Accounts without a key are left out. Without any there is no pool: `KeyUnavailable`.
 * - Requests of one tenant go to the same account. When it fails they go to another one, before anything was delivered.
 * - A refused key is not used until its source gives another one. An account whose money or quota is used up is skipped
 *   until the time that it gives, or for an hour, and one that is throttled for as long as it says.
 * - Each account has its own limits and its own breaker, by its name.
 *
 * **Example** (Two accounts of OpenAI)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
 * import { ConfigKey, KeyPool } from "@holdfast/secrets"
 * import { ConfigProvider, Effect } from "effect"
 *
 * const pool = KeyPool.models(
 *   { europe: ConfigKey.source("OPENAI_KEY_EU"), america: ConfigKey.source("OPENAI_KEY_US") },
 *   ({ apiKey, name }) =>
 *     OpenAiLanguageModel.model("gpt-6-luna").pipe(
 *       ResilientModel.connect(OpenAiClient.layer({ apiKey, account: name })),
 *     ),
 *   { limits: { requests: 500, tokens: 200_000 } },
 * )
 *
 * const keys = ConfigProvider.layer(ConfigProvider.fromUnknown({ OPENAI_KEY_EU: "sk-test" }))
 * const model = await Effect.runPromise(Effect.provide(pool, keys))
 * ResilientModel.isResilientModel(model) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const models = <E, R, R2 = never>(
  keys: Readonly<Record<string, Key<R2>>>,
  model: (account: Account) => ResilientModel.ResilientModel<E, R>,
  options: Options = {},
): Effect.Effect<Pooled<E, R>, KeySource.KeyUnavailable, R2> =>
  Effect.gen(function* () {
    const found = yield* Effect.forEach(Object.entries(keys), ([name, key]) =>
      Effect.map(
        Effect.option(sourceOf(key)),
        Option.map((apiKey): Account => ({ name, apiKey })),
      ),
    )
    const accounts = found.flatMap(Option.toArray)
    const [first, ...others] = accounts.map((account) => guarded(account, model(account), options))
    if (first === undefined) {
      return yield* Effect.fail(
        new KeySource.KeyUnavailable({ source: "KeyPool", reason: `no key for ${Object.keys(keys).join(", ")}` }),
      )
    }
    const route = Route.sticky([first, ...others])
    // Each fallback asks one more of those that are left.
    return others.reduce<Pooled<E, R>>((pool) => pool.pipe(Fallback.to(route)) as Pooled<E, R>, route as Pooled<E, R>)
  })

/**
 * A model at several accounts. What all of them refuse is `AllModelsFailed`, and what a single one refuses is as it is.
 *
 * @since 0.1.0
 * @category models
 */
export type Pooled<E, R> = ResilientModel.ResilientModel<
  E | AccountUnavailable | Breaker.CircuitOpen | RateLimit.RateLimited | Fallback.AllModelsFailed,
  R
>

const sourceOf = <R>(key: Key<R>): Effect.Effect<KeySource.KeySource, KeySource.KeyUnavailable, R> => {
  if (Redacted.isRedacted(key)) return Effect.succeed(KeySource.fixed(key))
  return Effect.isEffect(key) ? key : Effect.succeed(key)
}

const guarded = <E, R>(account: Account, model: ResilientModel.ResilientModel<E, R>, options: Options) => {
  const key = () => account.name
  const limited = options.limits === undefined ? model : model.pipe(RateLimit.perMinute({ ...options.limits, key }))
  return limited.pipe(
    Breaker.guard({ ...options.breaker, key: ({ model: name }) => `${account.name}/${name}` }),
    alive(account, options),
  )
}

/** Refuses calls to an account that cannot answer, and finds out from its answers. */
const alive = ({ apiKey, name }: Account, options: Options) => {
  const quotaPause = Duration.toMillis(options.quotaPause ?? "1 hour")
  const every = options.checkEvery ?? "10 seconds"
  return ResilientModel.policy<AccountUnavailable, Scope.Scope>(
    { name: "KeyPool.account", settings: { account: name } },
    Effect.fnUntraced(function* <E>(call: ModelCall.ModelCall<E>) {
      const state = yield* ResilientModel.state(() => Ref.makeUnsafe(State.live))
      const clock = yield* Clock.Clock
      const scope = yield* Effect.scope
      const may = () => State.mayBeAsked(Ref.getUnsafe(state), clock.currentTimeMillisUnsafe())
      const look = Effect.flatMap(Effect.option(apiKey.current), (current) =>
        Option.isNone(current)
          ? Effect.void
          : Ref.update(state, (known) => State.withKey(known, Redacted.value(current.value))),
      )
      const isDead = Effect.sync(() => Ref.getUnsafe(state).deadKey !== undefined)
      const watch = Effect.repeat(Effect.andThen(look, isDead), {
        schedule: Schedule.spaced(every),
        while: (dead) => dead,
      })
      const learn = (error: unknown): Effect.Effect<void> =>
        Effect.flatMap(saidBy(error, apiKey, quotaPause), (said) => {
          if (said === undefined) return Effect.void
          const { deadKey } = Ref.getUnsafe(state)
          const learned = Ref.update(state, (known) => State.after(known, said, clock.currentTimeMillisUnsafe()))
          return said._tag === "KeyRefused" && deadKey === undefined
            ? Effect.andThen(learned, Effect.asVoid(Effect.forkIn(Effect.delay(watch, every), scope)))
            : learned
        })
      const refused = Effect.suspend(() =>
        Effect.fail(
          PolicyError.withoutStack(
            () =>
              new AccountUnavailable({
                account: name,
                provider: call.provider,
                model: call.model,
                reason: Ref.getUnsafe(state).deadKey === undefined ? "limit" : "key",
              }),
          ),
        ),
      )
      return {
        ...call,
        available: () => may() && ModelCall.isAvailable(call),
        open: (request): ModelCall.Opened<E | AccountUnavailable> =>
          Effect.suspend((): ModelCall.Opened<E | AccountUnavailable> =>
            may() ? Effect.tapError(call.open(request), learn) : refused,
          ),
      }
    }),
  )
}

// The client has asked with the newest key already when a refusal comes this far.
const saidBy = (
  error: unknown,
  apiKey: KeySource.KeySource,
  quotaPause: number,
): Effect.Effect<State.Said | undefined> => {
  if (!AiError.isAiError(error)) return Effect.undefined
  const { kind, retryAfter } = Failure.classify(error)
  const { reason } = error
  if (reason._tag === "AuthenticationError" && reason.kind === "InvalidKey") {
    return Effect.map(
      Effect.option(apiKey.current),
      Option.match({
        onNone: () => undefined,
        onSome: (key) => ({ _tag: "KeyRefused" as const, key: Redacted.value(key) }),
      }),
    )
  }
  const hint = retryAfter === undefined ? undefined : Duration.toMillis(retryAfter)
  if (reason._tag === "QuotaExhaustedError") {
    return Effect.succeed({ _tag: "QuotaExhausted", millis: hint ?? quotaPause })
  }
  return Effect.succeed(kind === "throttled" ? { _tag: "Throttled", millis: hint ?? leastPause } : undefined)
}

const leastPause = 1000
