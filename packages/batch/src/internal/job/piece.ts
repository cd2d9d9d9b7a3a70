/**
 * The life of one batch of the vendor: from what is prepared to the answers, which are kept in the database.
 */
import { Failure } from "@holdfast/core"
import { type Item, type Line, type Status } from "@holdfast/core/provider/BatchProvider"
import { Clock, Duration, Effect, Option, Schema, Stream } from "effect"
import { AiError } from "effect/ai"

import { type BatchUnsure, type JobsUnavailable } from "./errors.ts"
import { LeaseLost } from "./lease.ts"
import { poll } from "./poll.ts"
import { found } from "./reconcile.ts"
import { writeError } from "./replay.ts"
import { type Kind } from "./rows.ts"
import { batchName, nameOf, nextStep, type Piece, seqIn, standingOf, type State } from "./state.ts"
import { tellEnds, tellMove } from "./told.ts"
import { isCanceled, isPassing, patiently, type Working } from "./working.ts"

export type Trouble = AiError.AiError | BatchUnsure | JobsUnavailable | LeaseLost

/** Takes a piece as far as it goes, from wherever it is. */
export const advance = (work: Working, piece: Piece): Effect.Effect<void, Trouble> =>
  Effect.flatMap(isCanceled(work), (canceled) => take(work, piece, canceled))

const take = (work: Working, piece: Piece, canceled: boolean): Effect.Effect<void, Trouble> => {
  switch (nextStep(piece, { canceled })) {
    case "upload":
      return Effect.flatMap(upload(work, piece), (next) => advance(work, next))
    case "declare":
      return Effect.flatMap(declare(work, piece), (next) => created(work, next))
    case "reconcile":
      // Another process may still be waiting for the answer.
      return reconciled(work, piece, (piece.intentAt ?? 0) + Duration.toMillis(work.createTimeout))
    case "poll":
      return Effect.flatMap(watch(work, piece), (next) => advance(work, next))
    case "giveUp":
      return Effect.andThen(
        endedRest(work, piece, { kind: "Canceled", body: null }),
        Effect.asVoid(moved(work, piece, { state: "ended", file: piece.file })),
      )
    case "finish":
      return Effect.asVoid(moved(work, piece, { state: "ended", file: piece.file }))
    case "nothing":
      return Effect.void
  }
}

/** Adopts the batch that an unanswered create made, or makes one. */
const reconciled = (work: Working, piece: Piece, givenUpAt: number): Effect.Effect<void, Trouble> =>
  Effect.flatMap(found(work, piece, givenUpAt), (batch) =>
    batch === undefined
      ? Effect.flatMap(declare(work, piece), (next) => created(work, next))
      : Effect.flatMap(submitted(work, piece, batch), (next) => advance(work, next)),
  )

/** Writes a step down, and tells it. Who cannot, because the lease is somebody else's, stops here. */
const moved = (
  { held, job, store }: Pick<Working, "held" | "job" | "store">,
  piece: Piece,
  to: { readonly state: State } & Partial<Piece>,
): Effect.Effect<Piece, JobsUnavailable | LeaseLost> =>
  Effect.flatMap(store.move(piece, held.owner, to), (done) =>
    done
      ? Effect.as(tellMove(job, piece, to.state), {
          ...piece,
          file: undefined,
          batch: undefined,
          intentAt: undefined,
          ...to,
        })
      : Effect.fail(new LeaseLost()),
  )

/** Keeps what became of items, and tells what was new. */
const ended = (
  { job, store }: Pick<Working, "job" | "store">,
  ends: Parameters<Working["store"]["items"]["end"]>[1],
): Effect.Effect<number, JobsUnavailable> =>
  Effect.flatMap(store.items.end(job.id, ends), (kinds) => Effect.as(tellEnds(job, kinds), kinds.length))

/** The same for all items of a piece that have no end yet. */
const endedRest = (
  { job, store }: Pick<Working, "job" | "store">,
  piece: Piece,
  { body, kind }: { readonly kind: Kind; readonly body: string | null },
): Effect.Effect<void, JobsUnavailable> =>
  Effect.flatMap(store.items.endRest(job.id, piece, kind, body), (kinds) => tellEnds(job, kinds))

const upload = Effect.fnUntraced(function* (work: Working, piece: Piece) {
  const send = work.provider.upload
  const name = batchName(piece.job, work.job.key, piece)
  const file =
    send === undefined
      ? undefined
      : yield* work.sending.withPermits(1)(patiently(reading(work, piece, (items) => send(items, name))))
  return yield* moved(work, piece, { state: "uploaded", file })
})

const declare = (work: Working, piece: Piece) =>
  Effect.flatMap(Clock.currentTimeMillis, (intentAt) =>
    moved(work, piece, { state: "submitting", file: piece.file, intentAt }),
  )

/** Makes the batch, right after it was written down that it is about to be made. */
const created = (work: Working, piece: Piece): Effect.Effect<void, Trouble> => {
  const { createTimeout, provider } = work
  const name = batchName(piece.job, work.job.key, piece)
  const create = reading(work, piece, (items) =>
    work.sending.withPermits(1)(
      Effect.timeoutOption(provider.create({ name, file: piece.file, items }), createTimeout),
    ),
  )
  const unsure = Effect.flatMap(Clock.currentTimeMillis, (now) => reconciled(work, piece, now))
  return Effect.matchEffect(create, {
    onSuccess: (batch): Effect.Effect<void, Trouble> =>
      Option.isNone(batch)
        ? unsure
        : Effect.flatMap(submitted(work, piece, batch.value), (next) => advance(work, next)),
    onFailure: (error): Effect.Effect<void, Trouble> => {
      if (!AiError.isAiError(error)) return Effect.fail(error)
      if (!wasRefused(error)) return unsure
      const undone = moved(work, piece, { state: "uploaded", file: piece.file })
      if (!isPassing(error)) return Effect.andThen(undone, Effect.fail(error))
      // The vendor takes no further batch for the moment.
      return Effect.flatMap(undone, (next) => Effect.andThen(pause(work), advance(work, next)))
    },
  })
}

/** The intent stays: from it on a batch takes its time. */
const submitted = (work: Working, piece: Piece, batch: string) =>
  moved(work, piece, { state: "submitted", file: piece.file, batch, intentAt: piece.intentAt })

const pause = (work: Working): Effect.Effect<void> =>
  Effect.flatMap(poll(work.poll), (next) => Effect.flatMap(next, (delay) => Effect.sleep(delay)))

/** Whether it is certain that a create made nothing. Timeouts, lost connections and failures of the server's are not. */
const wasRefused = (error: AiError.AiError): boolean =>
  Option.exists(
    Failure.facts(error),
    ({ sent, status }) =>
      sent === false || (status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 409),
  )

/** Gives a piece's items to a step of the vendor's. A database that fails in the midst of them is what the step fails with. */
const reading = <A, E>(
  { job, store }: Working,
  piece: Piece,
  step: (items: Stream.Stream<Item>) => Effect.Effect<A, E>,
): Effect.Effect<A, E | JobsUnavailable> =>
  Effect.suspend(() => {
    let failure: JobsUnavailable | undefined
    const page = 100
    const items = Stream.paginate(piece.from, (from) =>
      Effect.map(store.items.open(piece.job, { from, to: piece.to, limit: page }), (rows) => {
        const last = rows.length < page ? undefined : rows.at(-1)
        return [rows, last === undefined ? Option.none() : Option.some(last.seq + 1)] as const
      }),
    ).pipe(
      Stream.mapEffect(({ body, seq }) =>
        Effect.map(Effect.orDie(json(body ?? "null")), (parsed): Item => ({ id: nameOf(job.key, seq), body: parsed })),
      ),
      Stream.catch((error) => {
        failure = error
        return Stream.die(error)
      }),
    )
    return Effect.catchCause(step(items), (cause): Effect.Effect<never, E | JobsUnavailable> =>
      failure === undefined ? Effect.failCause(cause) : Effect.fail(failure),
    )
  })

const json = Schema.decodeEffect(Schema.fromJsonString(Schema.Unknown))

/** Asks how a batch stands until it is over, and keeps its answers. */
const watch = (work: Working, piece: Piece): Effect.Effect<Piece, Trouble> =>
  Effect.gen(function* () {
    const { provider, wakes } = work
    const batch = piece.batch ?? ""
    const next = yield* poll(work.poll)
    let isCancelAsked = false
    while (true) {
      const woken = wakes.next(piece.job)
      const status = yield* patiently(provider.status(batch))
      const { counts, vendorState } = status
      yield* work.onProgress?.({ job: piece.job, piece: piece.piece, batch, vendorState, counts }) ?? Effect.void
      const standing = standingOf(status, seqIn(work.job.key, piece))
      switch (standing._tag) {
        case "Over":
          return yield* collected(work, piece, status)
        case "Invalid":
          return yield* without(work, piece, { items: standing.items, status })
        case "Failed":
          return yield* failed(work, piece, status)
        case "Running": {
          // A wish, which the results decide. A vendor that did not hear of it is asked again.
          if (!isCancelAsked && (yield* isCanceled(work))) {
            isCancelAsked = yield* Effect.isSuccess(provider.cancel(batch))
          }
          yield* Effect.raceFirst(Effect.sleep(yield* next), woken)
        }
      }
    }
  })

/** Reads all that a batch says, from its beginning: what is kept already stays, and a download costs nothing. */
const collected = (work: Working, piece: Piece, { missing }: Status): Effect.Effect<Piece, Trouble> =>
  patiently(keptLines(work, piece)).pipe(
    Effect.flatMap((unreadable) =>
      Effect.flatMap(isCanceled(work), (canceled) =>
        // A line that names no item may have been that of any item without one.
        endedRest(work, piece, { kind: restOf(unreadable > 0 ? "unknown" : missing, canceled), body: null }),
      ),
    ),
    Effect.andThen(moved(work, piece, { state: "ended", file: piece.file, batch: piece.batch })),
  )

const restOf = (missing: Status["missing"], canceled: boolean): Kind => {
  if (missing === "unknown") return "Missing"
  return canceled ? "Canceled" : "Expired"
}

/** So many lines, or characters of them, are written at once. */
const chunk = { lines: 256, characters: 1_000_000 }

/** Gives how many lines name no item. */
const keptLines = (work: Working, piece: Piece): Effect.Effect<number, AiError.AiError | JobsUnavailable> =>
  Effect.suspend(() => {
    const seqOf = seqIn(work.job.key, piece)
    let ends: Array<{ readonly seq: number; readonly kind: Kind; readonly body: string | null }> = []
    let characters = 0
    let unreadable = 0
    const flush = Effect.suspend(() => {
      const written = ended(work, ends)
      ends = []
      characters = 0
      return written
    })
    return work.provider.results(piece.batch ?? "").pipe(
      Stream.runForEach((line) => {
        if (line._tag === "Unreadable") {
          unreadable++
          return Effect.void
        }
        const seq = seqOf(line.id)
        // A line of nobody's is none of ours.
        if (seq === undefined) return Effect.void
        return Effect.flatMap(bodyOf(line), (body) => {
          ends.push({ seq, kind: line._tag, body })
          characters += body?.length ?? 0
          return ends.length >= chunk.lines || characters >= chunk.characters ? Effect.asVoid(flush) : Effect.void
        })
      }),
      Effect.andThen(flush),
      Effect.map(() => unreadable),
    )
  })

const bodyOf = (line: Exclude<Line, { readonly _tag: "Unreadable" }>): Effect.Effect<string | null> => {
  if (line._tag === "Answered") return Effect.sync(() => JSON.stringify(line.body))
  return line._tag === "Refused" ? writeError(line.error) : Effect.succeed(null)
}

interface Refused {
  readonly items: ReadonlyMap<number, string>
  readonly status: Status
}

/** The vendor fails a batch for some of its items. They are refused, and the rest is sent again. */
const without = Effect.fnUntraced(function* (work: Working, piece: Piece, { items, status }: Refused) {
  const { provider } = work
  const ends = yield* Effect.forEach(items, ([seq, description]) =>
    Effect.map(writeError(refusal(provider, description)), (body) => ({ seq, kind: "Refused" as const, body })),
  )
  // A vendor that refuses the same items again and again refuses all of them.
  if ((yield* ended(work, ends)) === 0) return yield* failed(work, piece, status)
  return yield* moved(work, piece, { state: "prepared", attempt: piece.attempt + 1, sent: piece.sent - items.size })
})

/** The vendor fails a batch as a whole: each of its items is told why. */
const failed = Effect.fnUntraced(function* (work: Working, piece: Piece, { error, missing, vendorState }: Status) {
  const { provider } = work
  const kind = missing === "free" ? "Refused" : "Missing"
  const body = kind === "Refused" ? yield* writeError(error ?? refusal(provider, `the batch is ${vendorState}`)) : null
  yield* endedRest(work, piece, { kind, body })
  return yield* moved(work, piece, { state: "ended", file: piece.file, batch: piece.batch })
})

const refusal = ({ provider }: Working["provider"], description: string): AiError.AiError =>
  AiError.make({ module: provider, method: "batch", reason: new AiError.InvalidRequestError({ description }) })
