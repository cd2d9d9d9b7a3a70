/**
 * Anthropic's files.
 *
 * @since 0.1.0
 */
import { Files } from "@holdfast/core"
import { type ProviderFiles } from "@holdfast/core/provider/ProviderFiles"
import { Context, Effect, type Layer } from "effect"
import { type KeyValueStore } from "effect/persistence"

import { AnthropicClient } from "./AnthropicClient.ts"
import { fileOf, pageOf } from "./internal/files/file.ts"
import { upload } from "./internal/files/upload.ts"

/**
 * The files of a workspace at Anthropic.
 *
 * **Details**
 *
 * A file goes in one request, which is written as it is read. Without `expiresIn` it stays until it is deleted.
 *
 * **Example** (A question about a file of this machine)
 *
 * ```ts
 * import { AnthropicFiles } from "@holdfast/anthropic"
 * import { FileSource } from "@holdfast/core"
 * import { Effect } from "effect"
 *
 * const summary = Effect.flatMap(AnthropicFiles.AnthropicFiles, (files) =>
 *   files.ask("What does it say?", FileSource.path("report.pdf")),
 * ).pipe(Effect.map(({ text }) => text))
 *
 * Effect.isEffect(summary) // => true
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class AnthropicFiles extends Context.Service<AnthropicFiles, Files.Service>()(
  "@holdfast/anthropic/AnthropicFiles",
) {}

/**
 * What the layers are made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<ProviderFiles, never, AnthropicClient> = Effect.map(
  AnthropicClient,
  ({ account, provider, rest }): ProviderFiles => {
    const pathOf = (id: string) => `/v1/files/${encodeURIComponent(id)}`
    return {
      provider,
      account,
      kind: "",
      upload: (source, settings) => upload({ provider, rest }, source, settings),
      get: (id) =>
        Effect.flatMap(rest.json({ method: "GET", path: pathOf(id) }), (answer) =>
          fileOf(answer, { provider, origin: rest.origin(pathOf(id)) }),
        ),
      delete: (id) => Effect.asVoid(rest.json({ method: "DELETE", path: pathOf(id) })),
      list: (cursor) => {
        const path = `/v1/files?limit=100${cursor === undefined ? "" : `&page=${encodeURIComponent(cursor)}`}`
        return Effect.flatMap(rest.json({ method: "GET", path }), (answer) =>
          pageOf(answer, { provider, origin: rest.origin("/v1/files") }),
        )
      },
    }
  },
)

const layers = Files.layers(AnthropicFiles, make)

/**
 * Remembers in memory what was uploaded with `reuse`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<AnthropicFiles, never, AnthropicClient> = layers.memory

/**
 * Remembers in a `KeyValueStore` what was uploaded with `reuse`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStored: Layer.Layer<AnthropicFiles, never, AnthropicClient | KeyValueStore.KeyValueStore> =
  layers.stored
