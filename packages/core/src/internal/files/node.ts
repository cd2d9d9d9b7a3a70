/**
 * Files of this machine. The modules of Node.js are asked for at run time, so that browsers and workers can load what imports this.
 */
import type * as Fs from "node:fs"

import { Effect, Stream } from "effect"

import { nodeModule } from "../../provider/UploadFetch.ts"
import { FileUnreadable } from "./errors.ts"

const fs = (path: string): Effect.Effect<typeof Fs, FileUnreadable> =>
  Effect.suspend(() => {
    const module = nodeModule<typeof Fs>("node:fs")
    return module === undefined
      ? Effect.fail(new FileUnreadable({ file: path, explanation: "there are no files here; give a stream" }))
      : Effect.succeed(module)
  })

const unreadable = (path: string) => (cause: unknown) => new FileUnreadable({ file: path, explanation: codeOf(cause) })

// The name of the error says enough, and the path stands beside it.
const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "it cannot be read"

/** Bytes. */
export const sizeOf = (path: string): Effect.Effect<number, FileUnreadable> =>
  Effect.flatMap(fs(path), ({ promises }) =>
    Effect.tryPromise({ try: () => promises.stat(path), catch: unreadable(path) }).pipe(
      Effect.flatMap((stat) =>
        stat.isFile()
          ? Effect.succeed(stat.size)
          : Effect.fail(new FileUnreadable({ file: path, explanation: "it is no file" })),
      ),
    ),
  )

/** How much is read at once. Bytes. */
const piece = 256 * 1024

export const read = (path: string): Stream.Stream<Uint8Array, FileUnreadable> =>
  Stream.unwrap(
    Effect.map(fs(path), ({ createReadStream }) =>
      Stream.suspend(() =>
        Stream.fromAsyncIterable<Uint8Array, FileUnreadable>(
          createReadStream(path, { highWaterMark: piece }),
          unreadable(path),
        ),
      ),
    ),
  )
