/**
 * Files of this machine. The modules of Node.js are asked for at run time, so that browsers and workers can load what imports this.
 */
import type * as Fs from "node:fs"

import { Effect, type Scope } from "effect"

import { nodeModule } from "../../provider/UploadFetch.ts"
import { FileUnreadable } from "./errors.ts"

const fs = (path: string): Effect.Effect<typeof Fs.promises, FileUnreadable> =>
  Effect.suspend(() => {
    const module = nodeModule("node:fs") as typeof Fs | undefined
    return module === undefined
      ? Effect.fail(new FileUnreadable({ file: path, explanation: "there are no files here; give a stream" }))
      : Effect.succeed(module.promises)
  })

// The name of the error says enough, and the path stands beside it.
const unreadable = (path: string) => (cause: unknown) =>
  new FileUnreadable({
    file: path,
    explanation:
      typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "it cannot be read",
  })

/** Bytes. */
export const sizeOf = (path: string): Effect.Effect<number, FileUnreadable> =>
  Effect.flatMap(fs(path), ({ stat }) =>
    Effect.tryPromise({ try: () => stat(path), catch: unreadable(path) }).pipe(
      Effect.flatMap((found) =>
        found.isFile()
          ? Effect.succeed(found.size)
          : Effect.fail(new FileUnreadable({ file: path, explanation: "it is no file" })),
      ),
    ),
  )

/** Opens a file, and reads on from where it is. */
export const open = (
  path: string,
): Effect.Effect<(into: Uint8Array) => Effect.Effect<number, FileUnreadable>, FileUnreadable, Scope.Scope> =>
  Effect.flatMap(fs(path), (promises) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.tryPromise({ try: () => promises.open(path, "r"), catch: unreadable(path) }),
        (handle) => Effect.ignore(Effect.tryPromise(() => handle.close())),
      ),
      (handle) => (into) =>
        Effect.tryPromise({
          try: () => handle.read(into, 0, into.byteLength).then(({ bytesRead }) => bytesRead),
          catch: unreadable(path),
        }),
    ),
  )
