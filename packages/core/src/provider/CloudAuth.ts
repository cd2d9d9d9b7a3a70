/**
 * How a client authenticates at a cloud: with a key, or with a token from elsewhere.
 *
 * @since 0.1.0
 */
import { Effect, type Redacted } from "effect"

import * as KeySource from "../KeySource.ts"
import { type Refusal } from "./KeyedFetch.ts"

/**
 * Gives a token, as an effect or as a source of one's own: of `@azure/identity`, `google-auth-library`, a metadata server or a file.
 *
 * **Details**
 *
 * It is asked for at once and kept, and asked for again at 80 % of the token's life or when the cloud refuses it. How long a token lives it
 * says itself, as a JSON Web Token or as `KeySource.Loaded`; one that says nothing is kept for 5 minutes.
 *
 * @since 0.1.0
 * @category models
 */
export type Token = Effect.Effect<Redacted.Redacted | KeySource.Loaded, unknown> | KeySource.KeySource

/**
 * A key or a token.
 *
 * @since 0.1.0
 * @category models
 */
export type Auth =
  | { readonly apiKey: Redacted.Redacted | KeySource.KeySource; readonly token?: undefined }
  | { readonly token: Token; readonly apiKey?: undefined }

/**
 * The source of what is sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const source = (
  name: string,
  auth: Auth,
): Effect.Effect<Redacted.Redacted | KeySource.KeySource, KeySource.KeyUnavailable> => {
  if (auth.token === undefined) return Effect.succeed(auth.apiKey)
  return Effect.isEffect(auth.token) ? KeySource.make(auth.token, { name }) : Effect.succeed(auth.token)
}

/**
 * A part of a host name that an option gives, such as a region. Anything else could send a key to another host: a defect.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hostPart = (module: string, option: string, value: string): Effect.Effect<string> =>
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(value)
    ? Effect.succeed(value)
    : Effect.die(new Error(`${module}: ${option} must be part of a host name: letters, digits and dashes`))

/**
 * The id of a project of Google Cloud, or its number. Anything else could lead a request elsewhere: a defect.
 *
 * @since 0.1.0
 * @category constructors
 */
export const projectId = (module: string, project: string): Effect.Effect<string> =>
  /^[a-z0-9](?:[a-z0-9.:-]{0,98}[a-z0-9])?$/i.test(project)
    ? Effect.succeed(project)
    : Effect.die(new Error(`${module}: project is not the id of a project`))

/**
 * Where Vertex AI is: for a location, for `us` and `eu`, which are several, or for all of them.
 *
 * @since 0.1.0
 * @category constants
 */
export const vertexUrl = (location: string): string => {
  if (location === "global") return "https://aiplatform.googleapis.com"
  return location === "us" || location === "eu"
    ? `https://aiplatform.${location}.rep.googleapis.com`
    : `https://${location}-aiplatform.googleapis.com`
}

/**
 * What AWS answers to a key or a token that it does not take, or that has expired: status 403, where a model that one may not use has the
 * same.
 *
 * @since 0.1.0
 * @category constants
 */
export const refusalOfAws: Refusal = {
  statuses: [403],
  body: /API key is (?:in)?valid|token (?:has|is) expired|security token|(?:Expired|UnrecognizedClient|InvalidToken)\w*/i,
}
