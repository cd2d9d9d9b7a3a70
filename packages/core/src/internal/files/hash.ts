import type * as Crypto from "node:crypto"

import { Effect, Stream } from "effect"

import { nodeModule } from "../../provider/UploadFetch.ts"
import { type FileUnreadable } from "./errors.ts"

/** The SHA-256 of a content in hexadecimal digits. Without Node.js all of it is held meanwhile, because there no other can be had. */
export const hashOf = (content: Stream.Stream<Uint8Array, FileUnreadable>): Effect.Effect<string, FileUnreadable> =>
  Effect.suspend(() => {
    const node = nodeModule<typeof Crypto>("node:crypto")
    if (node === undefined) return gathered(content)
    const hash = node.createHash("sha256")
    return Effect.map(
      Stream.runForEach(content, (bytes) => Effect.sync(() => hash.update(bytes))),
      () => hash.digest("hex"),
    )
  })

const gathered = (content: Stream.Stream<Uint8Array, FileUnreadable>) =>
  Stream.runCollect(content).pipe(
    Effect.flatMap((pieces) =>
      Effect.promise(() =>
        new Blob(pieces as Array<Uint8Array<ArrayBuffer>>)
          .arrayBuffer()
          .then((bytes) => globalThis.crypto.subtle.digest("SHA-256", bytes)),
      ),
    ),
    Effect.map((digest) => [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")),
  )
