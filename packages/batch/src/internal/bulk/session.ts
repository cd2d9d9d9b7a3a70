/**
 * One run: what it has done, what it has spent, and why it ends.
 */
import { Event } from "@holdfast/core"
import { type DurationInput } from "@holdfast/core/DurationInput"
import { Budget, Money, type PriceBook } from "@holdfast/cost"
import { Clock, Deferred, Duration, Effect, type Fiber, Result, Schema, type Scope, Stream } from "effect"

import * as BatchEvent from "../../BatchEvent.ts"
import type * as Journal from "../../Journal.ts"
import { type Progress } from "../../Progress.ts"
import { Meter } from "./bill.ts"
import { capName } from "./cap.ts"
import { CostCapReached, DuplicateItem, RunStopped } from "./errors.ts"
import { encoded } from "./failure.ts"
import { type BulkResult, type Options } from "./options.ts"
import { Speed } from "./speed.ts"

export interface Entry<I> {
  readonly item: I
  readonly id: string
  readonly index: number
}

/** How many items there are, where that can be known without reading them. */
export const totalOf = (items: Iterable<unknown> | Stream.Stream<unknown, unknown, unknown>, given?: number) => {
  if (given !== undefined) return given
  if (Array.isArray(items)) return items.length
  return items instanceof Set ? items.size : undefined
}

/** When no further item is to be taken, and when those under way have had their time. */
export const stopping = ({
  grace = "30 seconds",
  stop = Effect.never,
}: {
  readonly grace?: DurationInput | undefined
  readonly stop?: Effect.Effect<unknown> | undefined
}): Effect.Effect<
  { readonly asked: Effect.Effect<void>; readonly graceOver: Effect.Effect<void> },
  never,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const asked = yield* Deferred.make<void>()
    const over = yield* Deferred.make<void>()
    yield* stop.pipe(
      Effect.andThen(Deferred.succeed(asked, undefined)),
      Effect.andThen(Effect.sleep(grace)),
      Effect.andThen(Deferred.succeed(over, undefined)),
      Effect.forkScoped,
    )
    return { asked: Deferred.await(asked), graceOver: Deferred.await(over) }
  })

/** How items are asked. */
interface Asking {
  readonly book: PriceBook.Book
  readonly graceOver: Effect.Effect<void>
  /** Gives an effect the services of the model. */
  readonly within: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export class Session<I, A, E, R, JR> {
  private readonly options: Options<I, A, E, R, JR>
  private readonly mode: "live" | "batch"
  private readonly journal: Journal.Open | undefined
  private readonly total: number | undefined
  private readonly cap: Money.Money | undefined
  private readonly seen = new Set<string>()
  private readonly speed = new Speed()
  private readonly before: number
  private done = 0
  private failed = 0
  private spent: Money.Money
  private refusal: Budget.BudgetExceeded | undefined
  private stopped = false
  private duplicate: string | undefined

  constructor(
    options: Options<I, A, E, R, JR>,
    {
      journal,
      mode,
      total,
    }: {
      readonly journal: Journal.Open | undefined
      readonly mode: "live" | "batch"
      readonly total: number | undefined
    },
  ) {
    this.options = options
    this.mode = mode
    this.journal = journal
    this.total = total
    this.cap = options.cap === undefined ? undefined : Money.fromInputUnsafe(options.cap)
    this.spent = journal?.earlier.spent ?? Money.zero
    this.before = [...(journal?.earlier.last.values() ?? [])].filter(
      ({ ok }) => ok || options.retryFailed !== true,
    ).length
    this.done = this.before
  }

  /** What the rest of the run may cost. A budget needs some amount; this one admits nothing. */
  get capLeft(): Money.Money | undefined {
    return this.cap === undefined
      ? undefined
      : Money.max(Money.fromPicodollars(1n), Money.subtract(this.cap, this.spent))
  }

  /** The items that are to be asked, until the run is to end. */
  fresh<EI, RI>(
    items: Iterable<I> | Stream.Stream<I, EI, RI>,
    asked: Effect.Effect<void>,
  ): Stream.Stream<Entry<I>, EI | DuplicateItem, RI> {
    // Array by array: what is done for each item alone costs as much as a quick call.
    return (Stream.isStream(items) ? items : Stream.fromIterable(items)).pipe(
      Stream.chunks,
      Stream.takeWhile(() => this.refusal === undefined && this.duplicate === undefined),
      Stream.map((some) => this.taken(some)),
      this.untilStopped(asked),
      Stream.flattenIterable,
      Stream.concat(
        Stream.suspend(() =>
          this.duplicate === undefined ? Stream.empty : Stream.fail(new DuplicateItem({ id: this.duplicate })),
        ),
      ),
    )
  }

  /** Those of the items that are to be asked, up to the first whose id was there before. */
  private taken(items: ReadonlyArray<I>): ReadonlyArray<Entry<I>> {
    const entries: Array<Entry<I>> = []
    for (const item of items) {
      const id = this.options.id(item)
      if (this.seen.has(id)) {
        this.duplicate = id
        break
      }
      const index = this.seen.size
      this.seen.add(id)
      if (this.isMissing(id)) entries.push({ item, index, id })
    }
    return entries
  }

  /** Ends when the run is asked to stop. */
  untilStopped(asked: Effect.Effect<void>) {
    return Stream.interruptWhen(
      Effect.andThen(
        asked,
        Effect.sync(() => void (this.stopped = true)),
      ),
    )
  }

  /** The budget of the run has no room. */
  refused(refusal: Budget.BudgetExceeded): void {
    this.refusal = refusal
  }

  /** Whether the run has yet to ask an item. */
  isMissing(id: string): boolean {
    const earlier = this.journal?.earlier.last.get(id)
    return earlier === undefined || (this.options.retryFailed === true && !earlier.ok)
  }

  /** Asks one item and writes down what came of it; nothing, if it was not asked or not waited for. */
  one<E2, R2>(
    { id, index, item }: Entry<I>,
    ask: Effect.Effect<A, E2, R2>,
    { book, graceOver, within }: Asking,
  ): Effect.Effect<BulkResult<A, E2> | undefined, Journal.JournalFailed, R2> {
    return Effect.suspend(() => {
      if (this.refusal !== undefined || this.stopped) return Effect.succeed(undefined)
      const meter = new Meter(book)
      const asked = Effect.result(within(Event.listen(ask, meter.sink) as Effect.Effect<A, E2, R2>))
      return Effect.flatMap(
        // A race is two fibers for each item, and a run that nobody stops has none to lose.
        this.options.stop === undefined ? asked : Effect.raceFirst(asked, Effect.as(graceOver, undefined)),
        (outcome): Effect.Effect<BulkResult<A, E2> | undefined, Journal.JournalFailed> => {
          if (outcome === undefined) {
            // Also where all items had been taken before the run was asked to stop.
            this.stopped = true
            return Effect.succeed(undefined)
          }
          if (Result.isFailure(outcome) && isOwnRefusal(outcome.failure)) {
            this.refusal = outcome.failure
            return Effect.succeed(undefined)
          }
          const { bill } = meter
          const result: BulkResult<A, E2> = Result.isSuccess(outcome)
            ? { _tag: "Answered", id, index, answer: outcome.success, bill }
            : { _tag: "Failed", id, index, error: outcome.failure, bill }
          return this.over(item, result)
        },
      )
    })
  }

  /** Writes a result down, and counts it. */
  over<E2>(item: I, result: BulkResult<A, E2>): Effect.Effect<BulkResult<A, E2>, Journal.JournalFailed> {
    const counted = Effect.withFiber((fiber) => Effect.as(this.count(result, fiber), result))
    return this.journal === undefined ? counted : Effect.andThen(this.keep(item, result), counted)
  }

  private keep(item: I, result: BulkResult<A, unknown>): Effect.Effect<void, Journal.JournalFailed> {
    const { journal, keep } = { journal: this.options.journal, keep: this.options.keep }
    if (this.journal === undefined || journal === undefined) return Effect.void
    const { bill, id } = result
    const { append } = this.journal
    const input = keep === undefined ? {} : { input: keep(item) }
    if (result._tag === "Failed") return append({ id, ok: false, error: encoded(result.error), ...input, ...bill })
    // An answer that its own schema cannot write is a mistake of the program's.
    return Effect.flatMap(Effect.orDie(Schema.encodeEffect(journal.answer)(result.answer)), (answer) =>
      append({ id, ok: true, answer, ...input, ...bill }),
    )
  }

  /** All in one step: what is done for each item costs as much as a quick call. */
  private count({ _tag, bill, id }: BulkResult<A, unknown>, fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<void> {
    this.done++
    if (_tag === "Failed") this.failed++
    this.spent = Money.add(this.spent, bill.cost)
    const { onProgress } = this.options
    const now = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
    this.speed.mark(now, this.done)
    const progress = onProgress === undefined ? Effect.void : Effect.asVoid(onProgress(this.progress(now)))
    if (fiber.getRef(Event.Sink) === undefined) return progress
    const outcome = _tag === "Answered" ? "succeeded" : "failed"
    const told = BatchEvent.emit(() => ({ _tag: "BulkItemEnded", id, mode: this.mode, outcome }))
    return Effect.andThen(told, progress)
  }

  private progress(now: number): Progress {
    const { done, failed, spent, total } = this
    const perSecond = this.speed.perSecond(now, done)
    const left =
      perSecond === undefined || total === undefined
        ? undefined
        : Duration.seconds(Math.max(0, total - done) / perSecond)
    return { done, failed, total, spent, perSecond, left }
  }

  /** Why the run ends, if its items do not. */
  get ending(): Stream.Stream<never, CostCapReached | RunStopped> {
    const { cap, done, refusal, spent } = this
    if (refusal !== undefined && cap !== undefined) {
      return Stream.fail(new CostCapReached({ cap, spent, requested: refusal.requested, done }))
    }
    return this.stopped ? Stream.fail(new RunStopped({ done })) : Stream.empty
  }
}

const isOwnRefusal = (error: unknown): error is Budget.BudgetExceeded =>
  Budget.isBudgetExceeded(error) && error.budget === capName
