/**
 * The client of an SDK made by Stainless, such as those of OpenAI and Anthropic, with all that Holdfast does itself switched
 * off.
 *
 * @since 0.1.0
 */
import { type UploadBody } from "./UploadBody.ts"

// Deadlines are Holdfast's; the SDK's own must never be the first to fire.
const oneHour = 3_600_000

/**
 * Options of every client: no retries, no deadline worth mentioning, no log, and no redirects, because a prompt is for its
 * server, and for no other that it may name.
 *
 * @since 0.1.0
 * @category constants
 */
export const options = {
  maxRetries: 0,
  timeout: oneHour,
  logLevel: "off",
  fetchOptions: { redirect: "manual" },
} as const

/**
 * Options of one request whose body is sent as it is read. The SDK knows no such bodies, and hands on what is for `fetch`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const uploading = (
  body: UploadBody,
): { readonly fetchOptions: Omit<RequestInit, "body" | "headers" | "method" | "signal"> } => ({
  fetchOptions: { body } as object,
})

/**
 * Replaces the default headers of a client. Those that the SDK reads from the environment, as in
 * `OPENAI_CUSTOM_HEADERS`, have no option that switches them off.
 *
 * @since 0.1.0
 * @category combinators
 */
export const replaceHeaders = (client: object, defaultHeaders: unknown): void => {
  const internal = client as { _options: object }
  internal._options = { ...internal._options, defaultHeaders }
}
