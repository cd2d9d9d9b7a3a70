import type * as Crypto from "node:crypto"

import { Effect } from "effect"

import { type FileSource } from "../../FileSource.ts"
import { nodeModule } from "../../provider/UploadFetch.ts"
import { type FileUnreadable } from "./errors.ts"
import { eachPiece } from "./pieces.ts"

/** How much is read at once. Bytes. */
const atOnce = 256 * 1024

/** The SHA-256 of a content in hexadecimal digits. Without Node.js all of it is held meanwhile, because there no other can be had. */
export const hashOf = (source: FileSource): Effect.Effect<string, FileUnreadable> =>
  Effect.suspend(() => {
    const node = nodeModule("node:crypto") as typeof Crypto | undefined
    if (node === undefined) return gathered(source)
    const hash = node.createHash("sha256")
    return Effect.map(
      eachPiece(source, atOnce, (bytes) => Effect.sync(() => hash.update(bytes))),
      () => hash.digest("hex"),
    )
  })

const gathered = (source: FileSource) =>
  Effect.suspend(() => {
    const pieces: Array<Uint8Array<ArrayBuffer>> = []
    return eachPiece(source, atOnce, (bytes) => Effect.sync(() => pieces.push(new Uint8Array(bytes)))).pipe(
      Effect.andThen(
        Effect.promise(() =>
          new Blob(pieces).arrayBuffer().then((bytes) => globalThis.crypto.subtle.digest("SHA-256", bytes)),
        ),
      ),
      Effect.map((digest) => [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")),
    )
  })
