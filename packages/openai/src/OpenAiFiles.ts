/**
 * OpenAI's files.
 *
 * @since 0.1.0
 */
import { Files } from "@holdfast/core"
import { type ProviderFiles } from "@holdfast/core/provider/ProviderFiles"
import { Context, Effect, type Layer } from "effect"
import { type KeyValueStore } from "effect/persistence"

import { fileOf, pageOf } from "./internal/files/file.ts"
import { type Target, upload } from "./internal/files/upload.ts"
import { OpenAiClient } from "./OpenAiClient.ts"

/**
 * The files of an account at OpenAI.
 *
 * **Details**
 *
 * A file of more than 8 MB goes in parts of 8 MB, of which a lost one is sent again. The account of Azure OpenAI has files, too.
 *
 * **Example** (A question about a file of this machine)
 *
 * ```ts
 * import { FileSource } from "@holdfast/core"
 * import { OpenAiFiles } from "@holdfast/openai"
 * import { Effect } from "effect"
 *
 * const summary = Effect.flatMap(OpenAiFiles.OpenAiFiles, (files) =>
 *   files.ask("What does it say?", FileSource.path("report.pdf")),
 * ).pipe(Effect.map(({ text }) => text))
 *
 * Effect.isEffect(summary) // => true
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class OpenAiFiles extends Context.Service<OpenAiFiles, Files.Service>()("@holdfast/openai/OpenAiFiles") {}

/**
 * What files are for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** `user_data` if left out, which is for prompts. */
  readonly purpose?: "user_data" | "assistants" | "batch" | "fine-tune" | "vision" | "evals" | (string & {}) | undefined
}

/**
 * What the layers are made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ purpose = "user_data" }: Options = {}): Effect.Effect<ProviderFiles, never, OpenAiClient> =>
  Effect.map(OpenAiClient, ({ account, optionKey, provider, rest }): ProviderFiles => {
    const target: Target = { provider, optionKey, rest, purpose }
    const pathOf = (id: string) => `/files/${encodeURIComponent(id)}`
    return {
      provider,
      account,
      kind: purpose,
      upload: (source, settings) => upload(target, source, settings),
      get: (id) =>
        Effect.flatMap(rest.json({ method: "GET", path: pathOf(id) }), (answer) =>
          fileOf(answer, { ...target, origin: rest.origin(pathOf(id)) }),
        ),
      delete: (id) => Effect.asVoid(rest.json({ method: "DELETE", path: pathOf(id) })),
      list: (cursor) => {
        const path = `/files?limit=100${cursor === undefined ? "" : `&after=${encodeURIComponent(cursor)}`}`
        return Effect.flatMap(rest.json({ method: "GET", path }), (answer) =>
          pageOf(answer, { ...target, origin: rest.origin("/files") }),
        )
      },
    }
  })

/**
 * Remembers in memory what was uploaded with `reuse`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<OpenAiFiles, never, OpenAiClient> =>
  Files.layers(OpenAiFiles, make(options)).memory

/**
 * Remembers in a `KeyValueStore` what was uploaded with `reuse`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStored = (
  options?: Options,
): Layer.Layer<OpenAiFiles, never, KeyValueStore.KeyValueStore | OpenAiClient> =>
  Files.layers(OpenAiFiles, make(options)).stored
