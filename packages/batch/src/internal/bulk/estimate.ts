/**
 * What a run would cost and how long it would take, live and in batches, before anything is sent.
 */
import { AttemptGuard, type Attempt, type ModelCall, Resilient } from "@holdfast/core"
import { type DurationInput } from "@holdfast/core/DurationInput"
import * as Events from "@holdfast/core/Event"
import { type Kind } from "@holdfast/core/Operation"
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { Estimate, Money, Price, PriceBook } from "@holdfast/cost"
import { Duration, Effect, Layer, Option, Stream } from "effect"

import { accountOf, CurrentAccount } from "../job/account.ts"
import { capturing } from "../job/replay.ts"

/**
 * Price and time of one way to ask.
 *
 * @since 0.1.0
 * @category models
 */
export interface Offer {
  readonly provider: string
  readonly model: string
  /** With answers of the usual length. */
  readonly likely: Money.Money
  /** With answers as long as the settings of the model, or its price, let them be. */
  readonly atMost: Money.Money
  /** `undefined` where nothing is known that bounds it. */
  readonly time: { readonly atLeast: Duration.Duration | undefined; readonly atMost: Duration.Duration | undefined }
}

/**
 * Both ways beside each other.
 *
 * @since 0.1.0
 * @category models
 */
export interface Comparison {
  readonly items: number
  /** Of all prompts together, and of their answers if these have the usual length. */
  readonly tokens: { readonly input: number; readonly output: number }
  /** Batches that the items are cut into, by their number alone. */
  readonly batches: number
  readonly live: Offer
  readonly batch: Offer
}

/**
 * @since 0.1.0
 * @category models
 */
export interface EstimateOptions<
  in I,
  out A,
  out E,
  out R,
  in out K extends Kind,
  out ME,
  out MR,
  out PE = never,
  out PR = never,
> {
  readonly ask: (item: I) => Effect.Effect<A, E, R>
  /** The stack that would be asked live. Nothing of it is run. */
  readonly model: Resilient.Resilient<K, ME, MR>
  /** The batch API that would be asked. */
  readonly provider: Effect.Effect<BatchProvider<K>, PE, PR>
  /** What the account allows in a minute. Without it nothing is known of how long a live run takes. */
  readonly perMinute?: { readonly requests?: number | undefined; readonly tokens?: number | undefined } | undefined
  /** In which time the vendor promises a batch. 24 hours if left out, 48 for Gemini. */
  readonly within?: DurationInput | undefined
}

/**
 * Price and time of a run, live and as batches beside each other. Nothing is sent, and nothing is reserved.
 *
 * **Details**
 *
 * Each item's program runs up to its request, whose tokens are estimated as budgets estimate them. An item whose program asks nothing
 * costs nothing. The usual length of an answer is a guess by the length of the prompt; `atMost` is a bound as long as the estimate of the
 * prompt is.
 *
 * **Gotchas**
 *
 * Fails with `PriceUnknown` where one of the models has no price: a comparison with an unknown is none.
 *
 * @since 0.1.0
 * @category estimates
 */
export const estimate = <I, A, E, R, K extends Kind, ME, MR, PE = never, PR = never, EI = never, RI = never>(
  items: Iterable<I> | Stream.Stream<I, EI, RI>,
  options: EstimateOptions<I, A, E, R, K, ME, MR, PE, PR>,
): Effect.Effect<Comparison, EI | PE | PriceBook.PriceUnknown, Exclude<R, Resilient.Provides<K>> | MR | PR | RI> =>
  Effect.scoped(
    Effect.gen(function* () {
      const provider = yield* options.provider
      const call = yield* Resilient.callOf(options.model)
      const book = yield* Effect.serviceOption(PriceBook.PriceBook)
      const given = yield* Effect.serviceOption(Estimate.Estimator)
      const estimator = Option.isSome(given) ? given.value : yield* Estimate.make
      const quoted = (source: PriceBook.Query) =>
        Effect.provideService(
          PriceBook.price(source),
          PriceBook.PriceBook,
          Option.getOrElse(book, () => PriceBook.builtIn),
        )
      const live = new Sum(call, yield* quoted(call), {})
      const batch = new Sum(provider, yield* quoted(provider), { serviceTier: "batch" })
      let count = 0
      const add = (start: Attempt.AttemptStart, usual: number) =>
        Effect.forEach([live, batch], (sum) =>
          Effect.map(
            estimator.estimate(start.request, {
              ...sum.source,
              price: sum.price,
              maxOutputTokens: start.maxOutputTokens,
            }),
            (found) => sum.add(found, usual),
          ),
        )
      const ask = yield* asking(provider, add)
      yield* (Stream.isStream(items) ? items : Stream.fromIterable(items)).pipe(
        Stream.runForEach((item) => {
          count++
          return ask(options.ask(item))
        }),
      )
      return compared({ count, live, batch, provider, options })
    }),
  ) as never

/** Runs programs up to their request, of which the attempt is heard. */
const asking = Effect.fnUntraced(function* <K extends Kind>(
  provider: BatchProvider<K>,
  /** `usual` is how many tokens an answer has usually. */
  heard: (start: Attempt.AttemptStart, usual: number) => Effect.Effect<unknown>,
) {
  const nothing: AttemptGuard.Reservation = { settle: () => Effect.void, release: Effect.void }
  const guarded = <E>(call: ModelCall.ModelCall<E>) =>
    AttemptGuard.install(call, {
      name: "Bulk.estimate",
      reserve: (start) => Effect.as(heard(start, call.operation.estimate(start.request.options).output), nothing),
    })
  const model = Resilient.policy({ name: "Bulk.estimate", settings: {} }, (call) => Effect.succeed(guarded(call)))(
    provider.via(capturing),
  )
  const context = yield* Layer.build(model)
  return <A, E, R>(ask: Effect.Effect<A, E, R>) =>
    Effect.exit(Effect.provideContext(ask, context)).pipe(
      Effect.provideService(
        CurrentAccount,
        accountOf({ job: "", id: "", reservation: "", row: undefined, settles: false }),
      ),
      Effect.provideService(Events.Sink, undefined),
      Effect.withTracerEnabled(false),
    )
})

class Sum {
  readonly source: { readonly provider: string; readonly model: string }
  readonly price: Price.Price
  readonly #circumstances: Price.Circumstances
  likely = Money.zero
  atMost = Money.zero
  input = 0
  output = 0

  constructor(
    { model, provider }: { readonly provider: string; readonly model: string },
    price: Price.Price,
    circumstances: Price.Circumstances,
  ) {
    this.source = { provider, model }
    this.price = price
    this.#circumstances = circumstances
  }

  add(found: Estimate.Estimate, usual: number): void {
    const { audioInput, imageInput, input, output } = found
    const tokens = { ...this.#circumstances, input, audioInput, imageInput }
    const likely = Math.min(usual, output)
    this.atMost = Money.add(this.atMost, Price.atMost(this.price, { ...tokens, output }))
    this.likely = Money.add(this.likely, Price.atMost(this.price, { ...tokens, output: likely }))
    this.input += input + audioInput + imageInput
    this.output += likely
  }
}

interface Compared {
  readonly count: number
  readonly live: Sum
  readonly batch: Sum
  readonly provider: Pick<BatchProvider<Kind>, "limits" | "provider">
  readonly options: Pick<
    EstimateOptions<never, unknown, unknown, unknown, Kind, unknown, unknown>,
    "perMinute" | "within"
  >
}

const compared = ({ batch, count, live, options: { perMinute, within }, provider }: Compared): Comparison => {
  const minutes = [
    ...(perMinute?.requests === undefined ? [] : [count / perMinute.requests]),
    ...(perMinute?.tokens === undefined ? [] : [(live.input + live.output) / perMinute.tokens]),
  ]
  const promised = within ?? (provider.provider === "gcp.gemini" ? "48 hours" : "24 hours")
  const offer = ({ atMost, likely, source }: Sum, time: Offer["time"]): Offer => ({ ...source, likely, atMost, time })
  return {
    items: count,
    tokens: { input: batch.input, output: batch.output },
    batches: Math.ceil(count / provider.limits.items),
    live: offer(live, {
      atLeast: minutes.length === 0 ? undefined : Duration.minutes(Math.max(...minutes)),
      atMost: undefined,
    }),
    batch: offer(batch, { atLeast: undefined, atMost: Duration.fromInputUnsafe(promised) }),
  }
}

/**
 * A comparison as two lines for people.
 *
 * **Example** (What a night is worth)
 *
 * ```ts
 * import { Bulk } from "@holdfast/batch"
 * import { Money } from "@holdfast/cost"
 * import { Duration } from "effect"
 *
 * const dollars = Money.fromInputUnsafe
 * const of = { provider: "openai", model: "gpt-6-luna" }
 * const lines = Bulk.compare({
 *   items: 1_000,
 *   tokens: { input: 100_000, output: 20_000 },
 *   batches: 1,
 *   live: { ...of, likely: dollars("0.04 USD"), atMost: dollars("1 USD"), time: { atLeast: Duration.minutes(2), atMost: undefined } },
 *   batch: { ...of, likely: dollars("0.02 USD"), atMost: dollars("0.50 USD"), time: { atLeast: undefined, atMost: Duration.days(1) } },
 * })
 *
 * lines // => "live   about $0.04, $1.00 at most; 2m or more\nbatch  about $0.02, $0.50 at most; within 1d"
 * ```
 *
 * @since 0.1.0
 * @category formatting
 */
export const compare = ({ batch, live }: Comparison): string =>
  [
    ["live ", live],
    ["batch", batch],
  ]
    .map(([name, offer]) => line(name as string, offer as Offer))
    .join("\n")

const line = (name: string, { atMost, likely, time }: Offer): string => {
  const rounded = (duration: Duration.Duration) =>
    Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(duration))))
  const times = [
    ...(time.atLeast === undefined ? [] : [`${rounded(time.atLeast)} or more`]),
    ...(time.atMost === undefined ? [] : [`within ${rounded(time.atMost)}`]),
  ]
  return `${name}  about ${Money.format(likely)}, ${Money.format(atMost)} at most; ${times.join(", ") || "as fast as its stack lets it"}`
}
