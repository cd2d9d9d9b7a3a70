/**
 * The file that remembers a bulk run: one line of JSON for each item that is over, appended and never rewritten.
 *
 * A run that is started again with the same journal does what is missing. A process that was killed in the middle of a line
 * leaves half of one; it is cut off, because its item was never told to be over.
 *
 * @since 0.1.0
 */
import { Money } from "@holdfast/cost"
import { Effect, FileSystem, Option, type PlatformError, Schema, type Scope, Stream } from "effect"

import { Appender } from "./internal/bulk/appender.ts"
import { JournalFailed } from "./internal/bulk/errors.ts"

export { JournalFailed } from "./internal/bulk/errors.ts"

/**
 * Where results are kept, and how an answer is written.
 *
 * @since 0.1.0
 * @category models
 */
export interface Journal<in out A, out R = never> {
  /** Reads what is there, and takes lines from then on. */
  readonly open: Effect.Effect<Open, JournalFailed, R | Scope.Scope>
  /** The lines as they stand. Of an item that was taken up again only the last one is given. */
  readonly lines: Stream.Stream<Line, JournalFailed, R>
  readonly answer: Schema.Codec<A, unknown>
}

/**
 * One item that is over. Money is in dollars with all its decimals, tokens are by class.
 *
 * **Details**
 *
 * `error` is what the failure says of itself as JSON: its `_tag`, its `message` and its fields. `input` is what the run was told
 * to copy of the item.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Line = Schema.Struct({
  id: Schema.String,
  ok: Schema.Boolean,
  answer: Schema.optionalKey(Schema.Unknown),
  error: Schema.optionalKey(Schema.Unknown),
  input: Schema.optionalKey(Schema.Unknown),
  attempts: Schema.Int,
  tokens: Schema.Record(Schema.String, Schema.Finite),
  cost: Money.Money,
  /** Whether `cost` is by usage that the provider reported, all of it. */
  exact: Schema.Boolean,
})

/**
 * @since 0.1.0
 * @category models
 */
export type Line = typeof Line.Type

/**
 * A journal in a file of JSON lines.
 *
 * **Example** (Answers as text)
 *
 * ```ts
 * import { Journal } from "@holdfast/batch"
 * import { Schema } from "effect"
 *
 * const journal = Journal.file("answers.jsonl", Schema.String)
 *
 * journal.answer === Schema.String // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const file = <A>(path: string, answer: Schema.Codec<A, unknown>): Journal<A, FileSystem.FileSystem> => ({
  open: open(path),
  lines: lines(path),
  answer,
})

/**
 * What an earlier run left.
 *
 * @since 0.1.0
 * @category models
 */
export interface Earlier {
  /** By id, the place of the last line and whether it is an answer. */
  readonly last: ReadonlyMap<string, { readonly at: number; readonly ok: boolean }>
  readonly spent: Money.Money
}

/**
 * A journal that is open for writing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Open {
  readonly earlier: Earlier
  /** Succeeds when the line is in the file. */
  readonly append: (line: Line) => Effect.Effect<void, JournalFailed>
}

const lines = (path: string): Stream.Stream<Line, JournalFailed, FileSystem.FileSystem> =>
  Stream.unwrap(
    Effect.map(summarize(path), ({ last }) =>
      linesOf(path).pipe(
        Stream.filter(({ at, line }) => last.get(line.id)?.at === at),
        Stream.map(({ line }) => line),
      ),
    ),
  )

const open = (path: string): Effect.Effect<Open, JournalFailed, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const failed = asJournalFailed(path)
    const output = yield* Effect.mapError(files.open(path, { flag: "a+" }), failed)
    yield* Effect.mapError(cutHalfLine(files, path), failed)
    const earlier = yield* summarize(path)
    const appender = yield* Appender.make((bytes) => Effect.mapError(output.writeAll(bytes), failed))
    return {
      earlier,
      append: (line) => Effect.flatMap(Effect.orDie(encodeLine(line)), (text) => appender.append(`${text}\n`)),
    }
  })

const json = Schema.fromJsonString(Line)
const encodeLine = Schema.encodeEffect(json)
const decodeLine = Schema.decodeEffect(json)

const asJournalFailed =
  (path: string) =>
  (cause: PlatformError.PlatformError): JournalFailed =>
    new JournalFailed({ path, reason: cause.message, cause })

const linesOf = (path: string) =>
  Stream.unwrap(
    Effect.map(FileSystem.FileSystem, (files) =>
      files.stream(path).pipe(
        Stream.mapError(asJournalFailed(path)),
        Stream.decodeText(),
        Stream.splitLines,
        Stream.mapEffect((text, at) =>
          Effect.mapBoth(decodeLine(text), {
            onFailure: (cause) =>
              new JournalFailed({
                path,
                line: at + 1,
                reason: "this is not a line of a journal; is it another file?",
                cause,
              }),
            onSuccess: (line) => ({ line, at }),
          }),
        ),
      ),
    ),
  )

const summarize = (path: string): Effect.Effect<Earlier, JournalFailed, FileSystem.FileSystem> =>
  Stream.runFold(
    linesOf(path),
    (): { last: Map<string, { readonly at: number; readonly ok: boolean }>; spent: Money.Money } => ({
      last: new Map(),
      spent: Money.zero,
    }),
    (earlier, { at, line }) => {
      earlier.last.set(line.id, { at, ok: line.ok })
      earlier.spent = Money.add(earlier.spent, line.cost)
      return earlier
    },
  )

const newline = 0x0a
const block = 65_536

/** Looks for the last newline from the end on, so that a long journal need not be read for it. */
const cutHalfLine = (files: FileSystem.FileSystem, path: string): Effect.Effect<void, PlatformError.PlatformError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const input = yield* files.open(path, { flag: "r+" })
      const size = Number((yield* input.stat).size)
      let end = size
      let keep = 0
      while (end > 0 && keep === 0) {
        const from = Math.max(0, end - block)
        const bytes = Option.getOrElse(yield* input.readAlloc(end - from, { position: BigInt(from) }), () => none)
        const at = bytes.lastIndexOf(newline)
        if (at >= 0) keep = from + at + 1
        end = from
      }
      if (keep < size) yield* input.truncate(keep)
    }),
  )

const none = new Uint8Array()
