/**
 * Keys from AWS Secrets Manager, on the official client `@aws-sdk/client-secrets-manager`.
 *
 * The client is an optional peer dependency, and is loaded when a key is first asked for. It signs its requests, and finds credentials
 * and region as all clients of AWS do, unless they are given.
 *
 * Only the version `AWSCURRENT` is read. A rotation moves that label, and the key is read again when the vendor refuses the old one.
 *
 * @since 0.1.0
 */
import { KeySource } from "@holdfast/core"
import { Duration, Effect, Predicate, Redacted, Schema } from "effect"

/**
 * Which secret, and how to reach the store.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options extends KeySource.Options {
  /** The name or the ARN of the secret. */
  readonly secretId: string
  /** As the client of AWS finds it, if left out. */
  readonly region?: string | undefined
  /** For an endpoint in one's own network, and for tests. */
  readonly endpoint?: string | undefined
  /** As the client of AWS finds them, if left out. */
  readonly credentials?: Credentials | undefined
  /** How often the client asks when the store does not answer. 3 if left out. */
  readonly maxAttempts?: number | undefined
}

/**
 * An access key of AWS.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted.Redacted
  readonly sessionToken?: Redacted.Redacted | undefined
}

/**
 * A secret that is the key itself.
 *
 * **Example** (A key that rotates)
 *
 * ```ts
 * import { AwsSecretsManager } from "@holdfast/secrets"
 * import { OpenAiClient } from "@holdfast/openai"
 * import { Effect, Layer } from "effect"
 *
 * const client = Layer.unwrap(
 *   Effect.map(AwsSecretsManager.key({ secretId: "llm/openai", region: "eu-central-1" }), (apiKey) =>
 *     OpenAiClient.layer({ apiKey }),
 *   ),
 * )
 *
 * Layer.isLayer(client) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const key = (options: Options): Effect.Effect<KeySource.KeySource, KeySource.KeyUnavailable> =>
  Effect.flatMap(secretOf(options), (load) => KeySource.make(Effect.flatMap(load, alone(options)), named(options)))

/**
 * A secret that is a JSON object with several keys: one load serves all of them.
 *
 * **Details**
 *
 * What the console of AWS calls key/value pairs. Values that are no texts are left out.
 *
 * @since 0.1.0
 * @category constructors
 */
export const document = (options: Options): Effect.Effect<KeySource.KeyDocument, KeySource.KeyUnavailable> =>
  Effect.flatMap(secretOf(options), (load) =>
    KeySource.document(Effect.flatMap(load, fieldsIn(options)), named(options)),
  )

const named = ({ name, pause, secretId, timeout, timeToLive }: Options): KeySource.Options => ({
  name: name ?? `AwsSecretsManager ${secretId}`,
  pause,
  timeout,
  timeToLive,
})

// What the console of AWS makes unless it is told otherwise. No key begins so.
const alone =
  (options: Options) =>
  (secret: Redacted.Redacted): Secret =>
    Redacted.value(secret).trimStart().startsWith("{")
      ? Effect.fail(failing(options)("the secret is a JSON object; take a key of it with AwsSecretsManager.document"))
      : Effect.succeed(secret)

type Secret = Effect.Effect<Redacted.Redacted, KeySource.KeyUnavailable>

/** The errors of one source. Of what the store says only names are told: its words may quote the secret. */
const failing = (options: Options) => (reason: string) =>
  new KeySource.KeyUnavailable({ source: named(options).name ?? "", reason })

const secretOf = Effect.fnUntraced(function* (options: Options) {
  const { credentials, endpoint, maxAttempts = 3, region, secretId, timeout = "10 seconds" } = options
  const unavailable = failing(options)
  const aws = yield* Effect.tryPromise({
    try: () => import("@aws-sdk/client-secrets-manager"),
    catch: () => unavailable("@aws-sdk/client-secrets-manager is not installed"),
  })
  const client = new aws.SecretsManagerClient({
    maxAttempts,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials: plain(credentials) }),
    requestHandler: { requestTimeout: Duration.toMillis(timeout) },
  })
  const get = Effect.tryPromise({
    try: (abortSignal) => client.send(new aws.GetSecretValueCommand({ SecretId: secretId }), { abortSignal }),
    catch: (cause) => unavailable(reasonOf(cause)),
  })
  return Effect.flatMap(get, (found): Secret => {
    const text = found.SecretString ?? textOf(found.SecretBinary)
    return text === undefined
      ? Effect.fail(unavailable("the secret has no value"))
      : Effect.succeed(Redacted.make(text))
  })
})

const plain = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials) => ({
  accessKeyId,
  secretAccessKey: Redacted.value(secretAccessKey),
  ...(sessionToken !== undefined && { sessionToken: Redacted.value(sessionToken) }),
})

const textOf = (binary: Uint8Array | undefined): string | undefined =>
  binary === undefined ? undefined : new TextDecoder().decode(binary)

// The names of AWS are safe to tell: `ResourceNotFoundException`, `AccessDeniedException`, `CredentialsProviderError`.
const reasonOf = (cause: unknown): string => {
  if (!Predicate.isError(cause)) return "Unknown"
  if (cause.name === "Error" && /^region is missing/i.test(cause.message)) return "no region is set"
  return cause.name
}

const Fields = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))

const fieldsIn = (options: Options) => (secret: Redacted.Redacted) =>
  Schema.decodeEffect(Fields)(Redacted.value(secret)).pipe(
    Effect.map((fields) =>
      Object.fromEntries(
        Object.entries(fields).flatMap(([field, value]) =>
          Predicate.isString(value) ? [[field, Redacted.make(value)] as const] : [],
        ),
      ),
    ),
    Effect.mapError(() => failing(options)("the secret is not a JSON object")),
  )
