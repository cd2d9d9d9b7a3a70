/**
 * Tools that Google runs itself, for toolkits of Gemini models.
 *
 * **Details**
 *
 * Their calls and results are parts of the answer where Google shows them: always for code, and for the others when a
 * toolkit holds functions, too. What they found comes as `source` parts in any case.
 *
 * @since 0.1.0
 */
import type { FileSearch, GoogleMaps, GoogleSearch, ToolCodeExecution, UrlContext } from "@google/genai/web"
import { Schema } from "effect"
import { Tool } from "effect/ai"

const Fields = Schema.Record(Schema.String, Schema.Unknown)

/** Arguments in Google's own names, typed by the SDK. */
const args = <Args extends object>() => Schema.declare((value): value is Args => typeof value === "object")

/**
 * Searches the web.
 *
 * **Gotchas**
 *
 * Google's terms ask to show `groundingMetadata.searchEntryPoint` with the answer; it is in the metadata of `finish`.
 *
 * **Example** (A toolkit with web search)
 *
 * ```ts
 * import { GoogleTool } from "@holdfast/google"
 * import { Toolkit } from "effect/ai"
 *
 * const toolkit = Toolkit.make(GoogleTool.googleSearch({}))
 *
 * Object.keys(toolkit.tools) // => ["GoogleSearch"]
 * ```
 *
 * @since 0.1.0
 * @category tools
 */
export const googleSearch = Tool.providerDefined({
  id: "google.google_search",
  customName: "GoogleSearch",
  providerName: "googleSearch",
  args: args<GoogleSearch>(),
  parameters: Fields,
  success: Fields,
})

/**
 * Reads the pages whose links are in the prompt.
 *
 * @since 0.1.0
 * @category tools
 */
export const urlContext = Tool.providerDefined({
  id: "google.url_context",
  customName: "GoogleUrlContext",
  providerName: "urlContext",
  args: args<UrlContext>(),
  parameters: Fields,
  success: Fields,
})

/**
 * Runs Python in a sandbox of Google's.
 *
 * @since 0.1.0
 * @category tools
 */
export const codeExecution = Tool.providerDefined({
  id: "google.code_execution",
  customName: "GoogleCodeExecution",
  providerName: "codeExecution",
  args: args<ToolCodeExecution>(),
  parameters: Fields,
  success: Fields,
})

/**
 * Answers from Google Maps.
 *
 * @since 0.1.0
 * @category tools
 */
export const googleMaps = Tool.providerDefined({
  id: "google.google_maps",
  customName: "GoogleMaps",
  providerName: "googleMaps",
  args: args<GoogleMaps>(),
  parameters: Fields,
  success: Fields,
})

/**
 * Searches documents in Google's file search stores.
 *
 * @since 0.1.0
 * @category tools
 */
export const fileSearch = Tool.providerDefined({
  id: "google.file_search",
  customName: "GoogleFileSearch",
  providerName: "fileSearch",
  args: args<FileSearch>(),
  parameters: Fields,
  success: Fields,
})
