/**
 * A name for what a request asks, so that equal requests have equal names.
 */
import { Effect, Result } from "effect"
import * as Hex from "effect/encoding/Hex"

import { type ModelRequest } from "../../ModelCall.ts"
import { type Kind, type Operation } from "../../Operation.ts"
import { canonical } from "../canonical.ts"

/**
 * The SHA-256 of everything that decides the answer, in hexadecimal; `undefined` if part of it cannot be written down, such as
 * a function among the settings.
 */
export const requestKey = (
  operation: Operation<Kind>,
  { mode, options, settings }: ModelRequest,
  identity: unknown,
): Effect.Effect<string | undefined> =>
  Effect.suspend(() => {
    const written = Result.try(() =>
      canonical({ operation: operation.name, mode, identity, settings, asked: operation.fingerprint(options) }),
    )
    if (Result.isFailure(written)) return Effect.succeed(undefined)
    const bytes = new TextEncoder().encode(written.success)
    return Effect.map(
      Effect.promise(() => crypto.subtle.digest("SHA-256", bytes)),
      (digest) => Hex.encode(new Uint8Array(digest)),
    )
  })
