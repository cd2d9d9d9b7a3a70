/**
 * What a vendor's file API has to bring. Waiting, scopes, reuse and questions about files are made of it once, in `Files`.
 *
 * @since 0.1.0
 */
import { Duration, Effect, Schedule } from "effect"
import { type AiError } from "effect/ai"

import * as Failure from "../Failure.ts"
import { type FileSource } from "../FileSource.ts"
import { bodyOf } from "../internal/files/body.ts"
import { type FileUnreadable } from "../internal/files/errors.ts"
import { eachPiece as piecewise } from "../internal/files/pieces.ts"
import * as Retry from "../Retry.ts"
import { type UploadedFile } from "../UploadedFile.ts"
import { UnsupportedOption } from "./ProviderModel.ts"
import { type UploadBody } from "./UploadBody.ts"

/**
 * What an upload may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /** How long the vendor keeps the file; its own time if left out. */
  readonly expiresIn: Duration.Duration | undefined
  /** When a piece that was lost on the way is sent again. */
  readonly retry: Schedule.Schedule<unknown, AiError.AiError>
}

/**
 * Why nothing was uploaded.
 *
 * @since 0.1.0
 * @category models
 */
export type UploadFailure = AiError.AiError | FileUnreadable | UnsupportedOption

/**
 * The file API of one vendor.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProviderFiles {
  readonly provider: string
  readonly account: string | undefined
  /** What, beside content and name, makes two uploads different: the purpose at OpenAI. */
  readonly kind: string
  /** Sends a file with constant memory. */
  readonly upload: (source: FileSource, settings: Settings) => Effect.Effect<UploadedFile, UploadFailure>
  readonly get: (id: string) => Effect.Effect<UploadedFile, AiError.AiError>
  /** Whether a failure says that there is no such file, where its status is not 404. */
  readonly isMissing?: ((error: AiError.AiError) => boolean) | undefined
  readonly delete: (id: string) => Effect.Effect<void, AiError.AiError>
  /** One page of all files, after a cursor that the page before gave. */
  readonly list: (
    cursor: string | undefined,
  ) => Effect.Effect<
    { readonly files: ReadonlyArray<UploadedFile>; readonly next: string | undefined },
    AiError.AiError
  >
}

/**
 * The seconds after which a vendor is to remove a file. Times that it does not take are refused.
 *
 * @since 0.1.0
 * @category conversions
 */
export const secondsOf = (
  expiresIn: Duration.Duration | undefined,
  { least, most, provider }: { readonly provider: string; readonly least: number; readonly most: number },
): Effect.Effect<number | undefined, UnsupportedOption> => {
  if (expiresIn === undefined) return Effect.undefined
  const seconds = Math.ceil(Duration.toSeconds(expiresIn))
  if (seconds >= least && seconds <= most) return Effect.succeed(seconds)
  const explanation = `a file is kept from ${least} to ${most} seconds; give such a time, or delete the file yourself`
  return Effect.fail(new UnsupportedOption({ provider, model: "files", option: "expiresIn", explanation }))
}

const longestHint = Duration.seconds(60)

/**
 * Four more tries with full jitter, and no sooner than the vendor says.
 *
 * @since 0.1.0
 * @category schedules
 */
export const standardRetry: Schedule.Schedule<unknown, AiError.AiError> = Retry.fullJitter().pipe(
  Schedule.setInputType<AiError.AiError>(),
  Schedule.modifyDelay(({ duration, input }) =>
    Effect.succeed(
      Duration.max(duration, Duration.min(Failure.classify(input).retryAfter ?? Duration.zero, longestHint)),
    ),
  ),
  Schedule.upTo({ times: 4 }),
)

/**
 * Sends again what did not arrive, as far as it may help.
 *
 * @since 0.1.0
 * @category combinators
 */
export const resend =
  (schedule: Settings["retry"]) =>
  <A, R>(self: Effect.Effect<A, AiError.AiError, R>): Effect.Effect<A, AiError.AiError, R> =>
    Effect.retry(self, { schedule, while: Failure.isRetryable })

/**
 * Reads a source piece by piece, and uses one after the other. They share one array, so that there is never more than one of them in memory.
 *
 * @since 0.1.0
 * @category combinators
 */
export const eachPiece = <E, R>(
  source: FileSource,
  /** Bytes. */
  size: number,
  use: (piece: Uint8Array, at: number) => Effect.Effect<unknown, E, R>,
): Effect.Effect<number, E | FileUnreadable, R> => piecewise(source, size, use)

/**
 * Sends a source in one request, as it is read, and again from its beginning if it is repeatable.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sendWhole = <A>(
  source: FileSource,
  { length, retry }: Pick<Settings, "retry"> & { readonly length: number | undefined },
  send: (body: UploadBody) => Effect.Effect<A, AiError.AiError>,
): Effect.Effect<A, AiError.AiError | FileUnreadable> =>
  Effect.flatMap(Effect.context(), (context) => {
    const broken: Array<FileUnreadable> = []
    const body = bodyOf(source, { length, context, onUnreadable: (error) => broken.push(error) })
    const sent = Effect.retry(send(body), {
      schedule: retry,
      while: (error) => source.isRepeatable && broken.length === 0 && Failure.isRetryable(error),
    })
    return Effect.catch(sent, (error): Effect.Effect<never, AiError.AiError | FileUnreadable> =>
      Effect.fail(broken[0] ?? error),
    )
  })

/**
 * Whether a failure says that there is no such thing.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isMissing = (error: AiError.AiError): boolean => {
  const facts = Failure.facts(error)
  return facts._tag === "Some" && facts.value.status === 404
}
