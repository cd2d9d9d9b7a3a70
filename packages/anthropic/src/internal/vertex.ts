/**
 * Requests for Anthropic's API as Vertex AI takes them: the model is in the path, and the version in the body.
 *
 * So does the vendor's own package for Vertex AI, and https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai.
 */
import { Result } from "effect"

const version = "vertex-2023-10-16"

/** Below which path the models of a project are. */
export const modelsPath = (project: string, location: string): string =>
  `/v1/projects/${project}/locations/${location}/publishers/anthropic/models`

/** A `fetch` that turns a request to `/v1/messages` into one to Vertex AI, and leaves any other as it is. */
export const onVertex =
  (apiUrl: string, models: string) =>
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    const path = url.startsWith(apiUrl) ? url.slice(apiUrl.length).replace(/\?.*$/, "") : ""
    const body = typeof init?.body === "string" ? objectIn(init.body) : undefined
    if (body === undefined || !/^\/v1\/messages(?:\/count_tokens)?$/.test(path)) return fetch(input, init)
    const headers = new Headers(init?.headers)
    headers.delete("anthropic-version")
    const { model, ...rest } = body
    const counts = path.endsWith("/count_tokens")
    const name = counts ? "count-tokens" : encodeURIComponent(String(model)).replaceAll("%40", "@")
    const verb = rest["stream"] === true ? "streamRawPredict" : "rawPredict"
    const sent = { anthropic_version: version, ...(counts ? counted(body) : rest) }
    return fetch(`${apiUrl}${models}/${name}:${verb}`, { ...init, headers, body: JSON.stringify(sent) })
  }

/**
 * What is counted there: a model without its version, and a prompt without what stands beside it, which is answered with status 400.
 * https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/count-tokens
 */
const counted = ({
  cache_control: _cache,
  model,
  output_config: _output,
  speed: _speed,
  thinking: _thinking,
  ...prompt
}: Record<string, unknown>) => ({ model: String(model).replace(/@.*$/, ""), ...prompt })

const objectIn = (text: string): Record<string, unknown> | undefined => {
  const parsed = Result.getOrUndefined(Result.try((): unknown => JSON.parse(text)))
  return typeof parsed === "object" && parsed !== null ? { ...parsed } : undefined
}
