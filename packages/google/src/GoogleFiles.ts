/**
 * Google's files, which are kept for 48 hours.
 *
 * @since 0.1.0
 */
import { Failure, Files } from "@holdfast/core"
import { type ProviderFiles } from "@holdfast/core/provider/ProviderFiles"
import { UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import { Context, Effect, type Layer, Option } from "effect"
import { type KeyValueStore } from "effect/persistence"

import { GoogleClient } from "./GoogleClient.ts"
import { fileOf, pageOf } from "./internal/files/file.ts"
import { upload } from "./internal/files/upload.ts"

/**
 * The files of a project at the Gemini API.
 *
 * **Details**
 *
 * A file goes in pieces of 8 MB. When one is lost, Google is asked how much has arrived, and the rest is sent. Films are waited for until they are
 * `ACTIVE`. Vertex AI has no files: an upload there is `UnsupportedOption`.
 *
 * **Example** (A question about a film of this machine)
 *
 * ```ts
 * import { FileSource } from "@holdfast/core"
 * import { GoogleFiles } from "@holdfast/google"
 * import { Effect } from "effect"
 *
 * const answer = Effect.flatMap(GoogleFiles.GoogleFiles, (files) =>
 *   files.ask("When does the rocket start?", FileSource.path("launch.mp4")),
 * ).pipe(Effect.map(({ text }) => text))
 *
 * Effect.isEffect(answer) // => true
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class GoogleFiles extends Context.Service<GoogleFiles, Files.Service>()("@holdfast/google/GoogleFiles") {}

/**
 * What the layers are made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<ProviderFiles, never, GoogleClient> = Effect.map(
  GoogleClient,
  ({ account, apiUrl, apiVersion, project, provider, rest }): ProviderFiles => {
    const known = { provider, origin: rest.origin("/files") }
    const base = `/${apiVersion}/files`
    const pathOf = (id: string) => `${base}/${encodeURIComponent(id.replace(/^files\//, ""))}`
    return {
      provider,
      account,
      kind: "",
      isMissing: (error) => Option.exists(Failure.facts(error), isMissing),
      upload: (source, settings) =>
        project === undefined
          ? upload({ provider, apiUrl, apiVersion, rest }, source, settings)
          : Effect.fail(new UnsupportedOption({ provider, model: "files", option: "upload", explanation: bucket })),
      get: (id) => Effect.flatMap(rest.json({ method: "GET", path: pathOf(id) }), (answer) => fileOf(answer, known)),
      delete: (id) => Effect.asVoid(rest.json({ method: "DELETE", path: pathOf(id) })),
      list: (cursor) => {
        const path = `${base}?pageSize=100${cursor === undefined ? "" : `&pageToken=${encodeURIComponent(cursor)}`}`
        return Effect.flatMap(rest.json({ method: "GET", path }), (answer) => pageOf(answer, known))
      },
    }
  },
)

// Google does not tell a file that is not there from one of another project.
const isMissing = ({ message, status }: Failure.Facts): boolean =>
  status === 403 && /may not exist/i.test(message ?? "")

const bucket =
  "Vertex AI reads files from Cloud Storage; upload it there, and give its gs:// URI as the data of the part"

const layers = Files.layers(GoogleFiles, make)

/**
 * Remembers in memory what was uploaded with `reuse`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<GoogleFiles, never, GoogleClient> = layers.memory

/**
 * Remembers in a `KeyValueStore` what was uploaded with `reuse`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStored: Layer.Layer<GoogleFiles, never, GoogleClient | KeyValueStore.KeyValueStore> = layers.stored
