import { createHash } from "node:crypto"

import { assert } from "@effect/vitest"
import type * as Files from "@holdfast/core/Files"
import * as FileSource from "@holdfast/core/FileSource"
import { type KeySource } from "@holdfast/core/KeySource"
import type * as ResilientModel from "@holdfast/core/ResilientModel"
import type * as TokenCounter from "@holdfast/core/TokenCounter"
import { Effect, type Layer, type Redacted, Schedule, type Scope, Stream } from "effect"

import type * as Emulator from "../../../Emulator.ts"
import { type ChatDialectName } from "../../emulator/dialect.ts"
import { type SeenFile } from "../../emulator/files/state.ts"

/**
 * What a vendor's file API can do, as far as they differ.
 *
 * @since 0.1.0
 * @category models
 */
export interface Capabilities {
  /** Bytes of one piece of an upload; `undefined` where a file goes in one request. */
  readonly pieceSize: number | undefined
  /** Whether the rest of a lost piece is sent, and not all of it. */
  readonly resumes: boolean
  /** Whether the vendor makes something of a file before it can be used. */
  readonly processes: boolean
  /** Whether one can say how long a file is kept. */
  readonly expires: boolean
}

/**
 * A vendor's files, and how they are reached.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subject<R> {
  readonly name: string
  readonly vendor: "openai" | "anthropic" | "google"
  /** The API of the model that is shown files. */
  readonly dialect: ChatDialectName
  readonly files: Effect.Effect<Files.Service, never, R>
  readonly model: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>
  readonly counter: (options?: TokenCounter.Options) => Effect.Effect<TokenCounter.Service, never, R>
  /** The client, at the address of the emulator. */
  readonly layer: (baseUrl: string, apiKey: KeySource | Redacted.Redacted) => Layer.Layer<R>
  readonly capabilities: Capabilities
}

/** One emulator and one vendor. */
export interface Trial<R> extends Pick<
  Subject<R>,
  "capabilities" | "counter" | "dialect" | "layer" | "model" | "vendor"
> {
  readonly emulator: Emulator.Emulator["Service"]
  readonly files: Files.Service
  /** The same service with another key. */
  readonly withKey: (key: KeySource) => Effect.Effect<Files.Service>
}

/** One thing that all files must do. */
export interface Check {
  readonly name: string
  readonly run: <R>(trial: Trial<R>) => Effect.Effect<void, unknown, R | Scope.Scope>
}

/** The key of all requests. It must appear nowhere. */
export const secret = "sk-conformance-0123456789abcdef"

/** Without a wait. */
export const atOnce = { retry: Schedule.recurs(3), schedule: Schedule.spaced("1 millis") }

/** Bytes that tell where they stand. */
export const bytesOf = (size: number, seed = 7): Uint8Array => {
  const bytes = new Uint8Array(size)
  let state = seed
  for (let index = 0; index < size; index += 64) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    bytes[index] = state & 0xff
  }
  return bytes
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** In pieces of another size than those of any upload. */
export const streamed = (bytes: Uint8Array): Stream.Stream<Uint8Array> =>
  Stream.fromIterable(
    (function* () {
      for (let at = 0; at < bytes.byteLength; at += 100_000) yield bytes.subarray(at, at + 100_000)
    })(),
  )

export const report = FileSource.bytes(new TextEncoder().encode("All is well."), { fileName: "report.txt" })

/** The files that are there. */
export const present = (emulator: Emulator.Emulator["Service"]): Effect.Effect<ReadonlyArray<SeenFile>> =>
  Effect.map(emulator.files.seen, ({ files }) => files.filter(({ deleted }) => !deleted))

/** The only file that was ever uploaded. */
export const onlyFile = (emulator: Emulator.Emulator["Service"]): Effect.Effect<SeenFile> =>
  Effect.map(emulator.files.seen, ({ files }) => {
    assert.lengthOf(files, 1)
    return files[0] as SeenFile
  })

/** The tag of a failure. */
export const tagOf = <A, R>(self: Effect.Effect<A, { readonly _tag: string }, R>): Effect.Effect<string, A, R> =>
  Effect.map(Effect.flip(self), ({ _tag }) => _tag)
