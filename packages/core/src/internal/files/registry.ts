/**
 * Which content was uploaded already, and where it is.
 */
import { Effect, Option, Schema } from "effect"
import { type KeyValueStore } from "effect/persistence"

import { type UploadedFile } from "../../UploadedFile.ts"

/** By a text that stands for content, name and account. */
export interface Registry {
  readonly find: (key: string) => Effect.Effect<UploadedFile | undefined>
  readonly keep: (key: string, file: UploadedFile) => Effect.Effect<void>
  readonly forget: (key: string) => Effect.Effect<void>
}

/** More are not remembered in memory; the oldest are forgotten. */
const most = 10_000

export const memory = (): Registry => {
  const files = new Map<string, UploadedFile>()
  return {
    find: (key) => Effect.sync(() => files.get(key)),
    keep: (key, file) =>
      Effect.sync(() => {
        files.delete(key)
        files.set(key, file)
        const [oldest] = files.keys()
        if (files.size > most && oldest !== undefined) files.delete(oldest)
      }),
    forget: (key) => Effect.sync(() => void files.delete(key)),
  }
}

const Stored = Schema.fromJsonString(
  Schema.Struct({
    provider: Schema.String,
    id: Schema.String,
    fileName: Schema.String,
    mediaType: Schema.String,
    size: Schema.optional(Schema.Finite),
    createdAt: Schema.optional(Schema.Finite),
    expiresAt: Schema.optional(Schema.Finite),
    state: Schema.Literals(["processing", "ready", "failed"]),
    options: Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Json)),
  }),
)

const decode = Schema.decodeUnknownOption(Stored)
const encode = Schema.encodeSync(Stored)

/** What the store cannot say is uploaded again, which costs nothing but time. */
export const stored = (store: KeyValueStore.KeyValueStore, prefix: string): Registry => ({
  find: (key) =>
    Effect.map(quiet(store.get(prefix + key), undefined), (text) => {
      const found = Option.getOrUndefined(decode(text))
      return found === undefined
        ? undefined
        : { ...found, size: found.size, createdAt: found.createdAt, expiresAt: found.expiresAt }
    }),
  keep: (key, file) => quiet(store.set(prefix + key, encode(file)), undefined),
  forget: (key) => quiet(store.remove(prefix + key), undefined),
})

const quiet = <A, E, B>(self: Effect.Effect<A, E>, otherwise: B): Effect.Effect<A | B> =>
  Effect.catch(self, () => Effect.as(Effect.logWarning("the store of uploaded files cannot be reached"), otherwise))
