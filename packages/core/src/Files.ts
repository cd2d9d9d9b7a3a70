/**
 * Files at a vendor: uploaded with constant memory, waited for, kept or deleted with a scope, found again by their content.
 *
 * `OpenAiFiles`, `AnthropicFiles` and `GoogleFiles` are this service on three vendors.
 *
 * @since 0.1.0
 */
import { Clock, type Context, Duration, Effect, Layer, Option, Schedule, type Scope, Semaphore, Stream } from "effect"
import { type AiError, LanguageModel } from "effect/ai"
import { KeyValueStore } from "effect/persistence"

import { type DurationInput } from "./DurationInput.ts"
import { type FileSource } from "./FileSource.ts"
import { FileNotReady, FileRejected, type FileUnreadable } from "./internal/files/errors.ts"
import { hashOf } from "./internal/files/hash.ts"
import { memory, type Registry, stored } from "./internal/files/registry.ts"
import { isMissing, type ProviderFiles, resend, type Settings, standardRetry } from "./provider/ProviderFiles.ts"
import { type UnsupportedOption } from "./provider/ProviderModel.ts"
import * as UploadedFile from "./UploadedFile.ts"

export { FileNotReady, FileRejected, FileUnreadable } from "./internal/files/errors.ts"

/**
 * Why there is no file that can be used.
 *
 * @since 0.1.0
 * @category errors
 */
export type FileFailure = AiError.AiError | FileNotReady | FileRejected | FileUnreadable | UnsupportedOption

/**
 * How long a vendor is waited for that makes something of a file, such as the frames of a film.
 *
 * @since 0.1.0
 * @category models
 */
export interface Waiting {
  /** When it is asked again. 1 second if left out, growing by half each time to 10 seconds. */
  readonly schedule?: Schedule.Schedule<unknown> | undefined
  /** 10 minutes if left out. After that it is `FileNotReady`. */
  readonly timeout?: DurationInput | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface UploadOptions extends Waiting {
  /** How long the vendor keeps the file: from 1 hour to 30 days at OpenAI, 48 hours and nothing else at Google. */
  readonly expiresIn?: DurationInput | undefined
  /** When a piece that was lost on the way is sent again. `ProviderFiles.standardRetry` if left out. */
  readonly retry?: Settings["retry"] | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface KeptOptions extends UploadOptions {
  /**
   * Whether a file of the same content, name and type that was uploaded before is used instead, as long as it is there for another hour. The
   * source is read once more for that, so it has to be repeatable.
   */
  readonly reuse?: boolean | undefined
}

/**
 * The files of one account of a vendor.
 *
 * **Details**
 *
 * - A file that is given back is ready to be used in a prompt, as `UploadedFile.part`.
 * - Keys are asked for with every request, so an upload outlives the key that it began with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly provider: string
  /** Uploads a file that stays, and waits until it can be used. */
  readonly upload: (source: FileSource, options?: KeptOptions) => Effect.Effect<UploadedFile.UploadedFile, FileFailure>
  /** Uploads a file that is deleted when the scope closes, also when it was not done in time. */
  readonly scoped: (
    source: FileSource,
    options?: UploadOptions,
  ) => Effect.Effect<UploadedFile.UploadedFile, FileFailure, Scope.Scope>
  /** Uploads, asks the model in context about it, and deletes what was uploaded. */
  readonly ask: (
    question: string,
    sources: FileSource | ReadonlyArray<FileSource>,
    options?: UploadOptions,
  ) => Effect.Effect<LanguageModel.GenerateTextResponse<{}>, FileFailure, LanguageModel.LanguageModel>
  /** Waits until a file can be used. */
  readonly ready: (
    file: UploadedFile.UploadedFile,
    options?: Waiting,
  ) => Effect.Effect<UploadedFile.UploadedFile, AiError.AiError | FileNotReady | FileRejected>
  readonly get: (id: string) => Effect.Effect<UploadedFile.UploadedFile, AiError.AiError>
  /** Deletes a file. One that is gone already is no failure. */
  readonly delete: (id: string) => Effect.Effect<void, AiError.AiError>
  /** All files of the account, page by page as they are asked for. */
  readonly list: Stream.Stream<UploadedFile.UploadedFile, AiError.AiError>
}

/**
 * Makes the service of a vendor's file API. What was uploaded with `reuse` is remembered as long as the service is there.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (files: ProviderFiles): Effect.Effect<Service> => Effect.sync(() => makeWith(files, memory()))

/**
 * The same, with what was uploaded with `reuse` in a `KeyValueStore`, for other processes and later ones.
 *
 * **Gotchas**
 *
 * Two processes that upload the same at the same time upload it twice.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeStored = (files: ProviderFiles): Effect.Effect<Service, never, KeyValueStore.KeyValueStore> =>
  Effect.map(KeyValueStore.KeyValueStore, (store) => makeWith(files, stored(store, "holdfast/files/")))

/**
 * The two layers of a vendor's service.
 *
 * @internal
 */
export const layers = <Id, R>(
  service: Context.Key<Id, Service>,
  files: Effect.Effect<ProviderFiles, never, R>,
): {
  readonly memory: Layer.Layer<Id, never, R>
  readonly stored: Layer.Layer<Id, never, KeyValueStore.KeyValueStore | R>
} => ({
  memory: Layer.effect(service, Effect.flatMap(files, make)),
  stored: Layer.effect(service, Effect.flatMap(files, makeStored)),
})

/** What has less time left than this is uploaded again. */
const leastRest = Duration.toMillis("1 hour")

const standardWait = Schedule.exponential("1 second", 1.5).pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(10)))),
)

const makeWith = (files: ProviderFiles, registry: Registry): Service => {
  const ready = readyAt(files)
  const forget = forgetAt(files)
  const scoped = scopedAt(files, ready, forget)
  return {
    provider: files.provider,
    upload: uploadAt({ files, registry, ready, locks: new Map() }),
    scoped,
    ready,
    get: files.get,
    delete: forget,
    ask: (question, sources, options) =>
      Effect.scoped(
        Effect.flatMap(
          Effect.forEach([sources].flat(), (source) => scoped(source, options), { concurrency: 2 }),
          (uploaded) => askAbout(question, uploaded),
        ),
      ),
    list: Stream.paginate(undefined as string | undefined, (cursor) =>
      Effect.map(resend(standardRetry)(files.list(cursor)), ({ files: found, next }) => [
        found,
        next === undefined ? Option.none() : Option.some<string | undefined>(next),
      ]),
    ),
  }
}

// Vendors advise to show before they ask.
const askAbout = (question: string, uploaded: ReadonlyArray<UploadedFile.UploadedFile>) =>
  LanguageModel.generateText({
    prompt: [
      {
        role: "user",
        content: [...uploaded.map((file) => UploadedFile.part(file)), { type: "text", text: question }],
      },
    ],
  })

const readyAt =
  (files: ProviderFiles): Service["ready"] =>
  (file, { schedule = standardWait, timeout = "10 minutes" } = {}) => {
    if (file.state !== "processing") return settled(file)
    const { provider } = files
    const asked = resend(standardRetry)(files.get(file.id))
    const done = Effect.repeat(asked, { schedule, until: ({ state }) => state !== "processing" })
    const late = Effect.suspend(() =>
      Effect.fail(new FileNotReady({ provider, file: file.id, waited: Duration.fromInputUnsafe(timeout) })),
    )
    return Effect.flatMap(
      Effect.timeoutOrElse(done, { duration: timeout, orElse: () => late }),
      // A schedule that ends gives up, too.
      (found): Effect.Effect<UploadedFile.UploadedFile, FileNotReady | FileRejected> =>
        found.state === "processing" ? late : settled(found),
    )
  }

const send = (files: ProviderFiles, source: FileSource, { expiresIn, retry = standardRetry }: UploadOptions) =>
  files.upload(source, {
    retry,
    expiresIn: expiresIn === undefined ? undefined : Duration.fromInputUnsafe(expiresIn),
  })

interface Shelf {
  readonly files: ProviderFiles
  readonly registry: Registry
  readonly ready: Service["ready"]
  readonly locks: Locks
}

const uploadAt =
  (shelf: Shelf): Service["upload"] =>
  (source, options = {}) => {
    const { files, locks, ready, registry } = shelf
    const sent = Effect.flatMap(send(files, source, options), (file) => ready(file, options))
    if (options.reuse !== true || !source.isRepeatable) return sent
    return Effect.flatMap(hashOf(source), (hash) => {
      const key = [files.provider, files.account ?? "", files.kind, hash, source.mediaType, source.fileName].join("/")
      const known = Effect.flatMap(registry.find(key), (found) =>
        found === undefined ? Effect.undefined : current(shelf, found, options),
      )
      const once = Effect.flatMap(known, (found) =>
        found === undefined ? Effect.tap(sent, (file) => registry.keep(key, file)) : Effect.succeed(found),
      )
      return alone(locks, key, once)
    })
  }

/** A file that was uploaded before, as it is now; nothing if it will not last. */
const current = Effect.fnUntraced(function* (
  { files, ready }: Shelf,
  file: UploadedFile.UploadedFile,
  options: Waiting,
) {
  const until = (yield* Clock.currentTimeMillis) + leastRest
  if (!UploadedFile.lasts(file.expiresAt, until)) return undefined
  const found = yield* Effect.asSome(files.get(file.id)).pipe(
    Effect.catchIf(isGone(files), () => Effect.succeed(Option.none())),
  )
  if (Option.isNone(found) || found.value.state === "failed") return undefined
  if (!UploadedFile.lasts(found.value.expiresAt, until)) return undefined
  return yield* ready(found.value, options)
})

const isGone =
  (files: ProviderFiles) =>
  (error: AiError.AiError): boolean =>
    isMissing(error) || files.isMissing?.(error) === true

const forgetAt =
  (files: ProviderFiles): Service["delete"] =>
  (id) =>
    Effect.catchIf(resend(standardRetry)(files.delete(id)), isGone(files), () => Effect.void)

const scopedAt =
  (files: ProviderFiles, ready: Service["ready"], forget: Service["delete"]): Service["scoped"] =>
  (source, options = {}) =>
    Effect.acquireRelease(
      send(files, source, options),
      ({ id }) =>
        Effect.catch(forget(id), ({ message }) =>
          Effect.logWarning(`${id} of ${files.provider} could not be deleted: ${message}`),
        ),
      { interruptible: true },
    ).pipe(Effect.flatMap((file) => ready(file, options)))

const settled = (file: UploadedFile.UploadedFile): Effect.Effect<UploadedFile.UploadedFile, FileRejected> =>
  file.state === "failed"
    ? Effect.fail(
        new FileRejected({ provider: file.provider, file: file.id, explanation: file.problem ?? "it says no more" }),
      )
    : Effect.succeed(file)

type Locks = Map<string, { readonly semaphore: Semaphore.Semaphore; users: number }>

/** One at a time for each key. */
const alone = <A, E, R>(locks: Locks, key: string, self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const lock = locks.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), users: 0 }
    lock.users++
    locks.set(key, lock)
    return Effect.ensuring(
      lock.semaphore.withPermits(1)(self),
      Effect.sync(() => {
        if (--lock.users === 0) locks.delete(key)
      }),
    )
  })
