/**
 * How a client authenticates at a cloud: with a key, or with a token from elsewhere.
 *
 * @since 0.1.0
 */
import { Config, Effect, Layer, type Redacted } from "effect"

import * as KeySource from "../KeySource.ts"
import { keyConfig } from "./KeyConfig.ts"
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
 * What of a cloud may come from the configuration. A token is given to the program instead: it does not live long.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConfigOptions {
  readonly apiKey?: Config.Config<Redacted.Redacted> | undefined
  /** Instead of a key, which is then not read. */
  readonly token?: Token | undefined
  /** For a gateway in between. Where the cloud itself is, is then not read. */
  readonly apiUrl?: Config.Config<string> | undefined
}

/**
 * The names of what is read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Names {
  readonly module: string
  readonly layer: string
  /** The variable of the key. */
  readonly key: string
  /** The option that says where the cloud is, and its variable. */
  readonly place: readonly [option: string, variable: string]
}

/**
 * A client of a cloud with its place and its key from the configuration.
 *
 * **Details**
 *
 * What else the options hold goes to `make` as it is. Where something is missing, the `ConfigError` names the variable.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = <A>(
  { key, layer, module, place: [name, variable] }: Names,
  { apiKey, apiUrl, token, ...options }: ConfigOptions,
  // The options of each cloud have their own types, which its constructor's signature has checked.
  make: (options: never) => Layer.Layer<A, KeySource.KeyUnavailable>,
): Layer.Layer<A, Config.ConfigError | KeySource.KeyUnavailable> => {
  const { [name]: place = Config.String(variable), ...rest } = options as Readonly<
    Record<string, Config.Config<string> | undefined>
  >
  const auth: Config.Config<Auth> =
    token === undefined
      ? Config.map(keyConfig({ module, layer, variable: key, apiKey }), (given) => ({ apiKey: given }))
      : Config.succeed({ token })
  const where = apiUrl === undefined ? Config.all({ [name]: place }) : Config.all({ apiUrl })
  return Layer.unwrap(
    Config.map(Config.all({ auth, where }), (read) => make({ ...rest, ...read.where, ...read.auth } as never)),
  )
}

/**
 * What of Vertex AI may come from the configuration. A token is given to the program instead: it does not live long.
 *
 * @since 0.1.0
 * @category models
 */
export interface VertexPlace {
  readonly project?: Config.Config<string> | undefined
  /** `global` where neither this nor its variable says one. */
  readonly location?: Config.Config<string> | undefined
  /** For a gateway in between. */
  readonly apiUrl?: Config.Config<string> | undefined
}

/**
 * A client on Vertex AI with its project and its location from the configuration.
 *
 * **Details**
 *
 * What else the options hold goes to `make` as it is. Where the project is missing, the `ConfigError` names the variable.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerVertexConfig = <A>(
  variables: { readonly project: string; readonly location: string },
  { apiUrl, location, project, ...options }: VertexPlace,
  // The options of each client have their own types, which its constructor's signature has checked.
  make: (options: never) => Layer.Layer<A, KeySource.KeyUnavailable>,
): Layer.Layer<A, Config.ConfigError | KeySource.KeyUnavailable> =>
  Layer.unwrap(
    Config.all({
      apiUrl: apiUrl ?? Config.succeed(undefined),
      project: project ?? Config.String(variables.project),
      location: location ?? Config.withDefault(Config.String(variables.location), "global"),
    }).pipe(Config.map((place) => make({ ...options, ...place } as never))),
  )

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
 * The URL of an API at Azure. The endpoint as Azure's portal shows it gets the path of the API, with or without a slash or the path of a
 * request at its end; a gateway's stays as it is. One of the dated API, which has deployments in its path, is a defect: every
 * request to it would be answered with status 404.
 *
 * @since 0.1.0
 * @category constructors
 */
export const azureUrl = (module: string, apiUrl: string, path: string): Effect.Effect<string> => {
  const url = URL.canParse(apiUrl) ? new URL(apiUrl) : undefined
  if (url === undefined || !azureHost.test(url.hostname)) return Effect.succeed(apiUrl)
  if (/\/deployments(?:\/|$)/.test(url.pathname) || url.searchParams.has("api-version")) {
    return Effect.die(new Error(`${module}: apiUrl is one of the dated API; give resource, or ...${path}`))
  }
  const given = url.pathname.replace(/\/+$/, "").replace(/\/v1\/messages$/, "")
  return Effect.succeed(given === "" ? `${url.origin}${path}` : `${url.origin}${given}`)
}

const azureHost = /\.(?:openai|cognitiveservices|services\.ai)\.azure\.com$/

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
