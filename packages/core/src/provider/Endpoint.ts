/**
 * Where a provider's API is and with which key: checked once, when a client is made.
 *
 * What is wrong here is a mistake in the program or its configuration, so it is a defect that names the option, and it
 * is found before any request.
 *
 * @since 0.1.0
 */
import { Effect, Redacted } from "effect"

import { keyMistakeIn } from "../internal/keySource/mistake.ts"

/**
 * The base URL without a slash at its end. It must be absolute, http or https, and hold no credentials.
 *
 * @since 0.1.0
 * @category constructors
 */
export const url = (module: string, apiUrl: string): Effect.Effect<string> => {
  const parsed = URL.canParse(apiUrl) ? new URL(apiUrl) : undefined
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    return Effect.die(new Error(`${module}: apiUrl is not an absolute http or https URL`))
  }
  if (parsed.username !== "" || parsed.password !== "") {
    return Effect.die(new Error(`${module}: apiUrl holds credentials; give them as apiKey or headers`))
  }
  return Effect.succeed(`${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`)
}

/**
 * The key as it goes into a header. `fetch` would put one that it cannot send into the message of its error.
 *
 * @since 0.1.0
 * @category constructors
 */
export const key = (module: string, apiKey: Redacted.Redacted): Effect.Effect<string> => {
  const trimmed = Redacted.value(apiKey).trim()
  const mistake = keyMistakeIn(trimmed)
  return mistake === undefined ? Effect.succeed(trimmed) : Effect.die(new Error(`${module}: apiKey ${mistake}`))
}
