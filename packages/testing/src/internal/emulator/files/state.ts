import { type FileCall, type FileHabit } from "../../../FileHabit.ts"

/** The vendors whose file APIs are spoken. */
export type FileVendor = "openai" | "anthropic" | "google"

/** A file as the emulator saw it. Of its content there is only the hash. */
export interface SeenFile {
  readonly vendor: FileVendor
  readonly id: string
  readonly fileName: string
  readonly mediaType: string
  readonly purpose: string | undefined
  readonly size: number
  /** SHA-256 in hexadecimal digits. */
  readonly sha256: string
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly expiresAt: number | undefined
  readonly deleted: boolean
}

/** A context cache as the emulator saw it. */
export interface SeenCache {
  readonly name: string
  readonly model: string
  readonly displayName: string | undefined
  readonly tokens: number
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly expiresAt: number
  readonly extended: number
  readonly deletedAt: number | undefined
}

export type StoredFile = { -readonly [Key in keyof SeenFile]: SeenFile[Key] } & { gets: number }
export type StoredCache = { -readonly [Key in keyof SeenCache]: SeenCache[Key] }

/** An upload that is under way. */
export interface Upload {
  readonly id: string
  readonly name: string | undefined
  readonly fileName: string
  readonly mediaType: string
  readonly purpose: string | undefined
  readonly size: number | undefined
  readonly expiresAfter: number | undefined
  readonly pieces: Map<string, Uint8Array>
  received: number
  state: "active" | "final" | "cancelled"
  file: StoredFile | undefined
}

interface Standing {
  readonly habit: FileHabit
  left: number
}

/** All that is known of files and caches. */
export interface FileStore {
  count: number
  /** Calls with a key that will be refused. */
  keyed: number
  readonly files: Map<string, StoredFile>
  readonly uploads: Map<string, Upload>
  readonly caches: Map<string, StoredCache>
  standing: Array<Standing>
}

export const emptyStore = (): FileStore => ({
  count: 0,
  keyed: 0,
  files: new Map(),
  uploads: new Map(),
  caches: new Map(),
  standing: [],
})

export const forgetFiles = (store: FileStore): void => {
  store.files.clear()
  store.uploads.clear()
  store.caches.clear()
  store.standing = []
}

/** Lays down what holds from now on. */
export const behaveFiles = (store: FileStore, habits: ReadonlyArray<FileHabit>): void => {
  store.keyed = 0
  store.standing = habits.map((habit) => ({ habit, left: "times" in habit ? habit.times : Infinity }))
}

type Named<Tag extends FileHabit["_tag"]> = Extract<FileHabit, { readonly _tag: Tag }>

/** A habit that holds. */
export const habitOf = <Tag extends FileHabit["_tag"]>(store: FileStore, tag: Tag): Named<Tag> | undefined =>
  store.standing.map(({ habit }) => habit).find((habit): habit is Named<Tag> => habit._tag === tag)

const used = <Tag extends FileHabit["_tag"]>(
  store: FileStore,
  tag: Tag,
  holds: (habit: Named<Tag>) => boolean,
): Named<Tag> | undefined => {
  const found = store.standing.find(({ habit, left }) => left > 0 && habit._tag === tag && holds(habit as Named<Tag>))
  if (found === undefined) return undefined
  found.left--
  return found.habit as Named<Tag>
}

/** What happens to this call instead of an answer. */
export const fileMishap = (store: FileStore, call: FileCall): Named<"Mishap"> | undefined =>
  used(store, "Mishap", (habit) => habit.call === call)

/** Whether a call has a key that is refused by now. */
export const isRevoked = (store: FileStore, headers: Readonly<Record<string, string>>): boolean => {
  const habit = habitOf(store, "Revoked")
  if (habit === undefined || !Object.values(headers).includes(habit.key)) return false
  return store.keyed++ >= habit.after
}

/** How much of a piece arrives, if not all. */
export const lostAfter = (store: FileStore): number | undefined => used(store, "LostPiece", () => true)?.bytes

/** An id that is the same in every run. */
export const fileId = (store: FileStore, prefix: string): string =>
  `${prefix}${(++store.count).toString(36).padStart(8, "0")}`
