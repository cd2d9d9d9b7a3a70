import { createHash } from "node:crypto"

import { type FileVendor, habitOf, type FileStore, type StoredFile } from "./state.ts"

interface Arrived extends Pick<StoredFile, "fileName" | "id" | "mediaType" | "purpose" | "vendor"> {
  readonly pieces: ReadonlyArray<Uint8Array>
  readonly now: number
  /** Milliseconds. */
  readonly expiresAfter: number | undefined
}

/** Remembers a file that has arrived. */
export const keep = (store: FileStore, { expiresAfter, now, pieces, ...label }: Arrived): StoredFile => {
  const hash = createHash("sha256")
  for (const piece of pieces) hash.update(piece)
  const life = habitOf(store, "ShortLived")?.millis ?? expiresAfter
  const file: StoredFile = {
    ...label,
    size: pieces.reduce((sum, { byteLength }) => sum + byteLength, 0),
    sha256: hash.digest("hex"),
    createdAt: now,
    expiresAt: life === undefined ? undefined : now + life,
    deleted: false,
    gets: 0,
  }
  store.files.set(file.id, file)
  return file
}

/** A file of a vendor that is still there. */
export const existing = (store: FileStore, vendor: FileVendor, id: string, now: number): StoredFile | undefined => {
  const file = store.files.get(id)
  if (file === undefined || file.vendor !== vendor || file.deleted) return undefined
  // Anthropic still knows that there was one.
  return file.expiresAt !== undefined && file.expiresAt <= now ? undefined : file
}

/** The files of a vendor, in their order, and where the next page begins. */
export const page = (
  store: FileStore,
  vendor: FileVendor,
  { after, limit, now }: { readonly after: string | null; readonly limit: number; readonly now: number },
): { readonly files: ReadonlyArray<StoredFile>; readonly next: string | undefined } => {
  const all = [...store.files.values()].filter(({ id }) => existing(store, vendor, id, now) !== undefined)
  const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1
  const files = all.slice(start, start + limit)
  return { files, next: start + limit < all.length ? files.at(-1)?.id : undefined }
}
