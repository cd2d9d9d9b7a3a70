/**
 * Items from files.
 *
 * @since 0.1.0
 */
import { Effect, FileSystem, Schema, Stream } from "effect"
import * as Csv from "effect/encoding/Csv"

/**
 * A line of the input is not what it should be.
 *
 * @since 0.1.0
 * @category errors
 */
export class InputInvalid extends Schema.TaggedError<InputInvalid>("@holdfast/batch/InputInvalid")("InputInvalid", {
  path: Schema.String,
  /** Counts from 1. 0 if the file itself cannot be read. */
  line: Schema.Int,
  reason: Schema.String,
}) {
  override get message(): string {
    return `${this.line === 0 ? this.path : `line ${this.line} of ${this.path}`}: ${this.reason}`
  }
}

/**
 * A file of JSON lines, one item each. Empty lines are left out.
 *
 * @since 0.1.0
 * @category constructors
 */
export const jsonLines = <A, RD>(
  path: string,
  schema: Schema.Codec<A, unknown, RD>,
): Stream.Stream<A, InputInvalid, FileSystem.FileSystem | RD> => {
  const decode = Schema.decodeEffect(Schema.fromJsonString(schema))
  return textOf(path).pipe(
    Stream.splitLines,
    Stream.map((text, index) => ({ text, line: index + 1 })),
    Stream.filter(({ text }) => text.trim() !== ""),
    Stream.mapEffect(({ line, text }) =>
      Effect.mapError(decode(text), (error) => new InputInvalid({ path, line, reason: error.message })),
    ),
  )
}

/**
 * A CSV file whose first record names the columns, one item for each further record.
 *
 * @since 0.1.0
 * @category constructors
 */
export const csv = <A, RD>(
  path: string,
  schema: Schema.Codec<A, unknown, RD>,
): Stream.Stream<A, InputInvalid, FileSystem.FileSystem | RD> =>
  textOf(path).pipe(
    Stream.pipeThroughChannel(Csv.decodeSchemaString(schema)<InputInvalid>({ headers: true })),
    Stream.mapError((error) =>
      error instanceof InputInvalid
        ? error
        : new InputInvalid({ path, line: Csv.isCsvError(error) ? error.line : 0, reason: error.message }),
    ),
  )

const textOf = (path: string): Stream.Stream<string, InputInvalid, FileSystem.FileSystem> =>
  Stream.unwrap(
    Effect.map(FileSystem.FileSystem, (files) =>
      files.stream(path).pipe(
        Stream.mapError((error) => new InputInvalid({ path, line: 0, reason: error.message })),
        Stream.decodeText(),
      ),
    ),
  )
