/**
 * AWS Secrets Manager on a loopback port. It checks the signature of every request: Signature Version 4, as
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html describes it.
 */
import { createHash, createHmac } from "node:crypto"
import { createServer, type IncomingMessage, type Server } from "node:http"
import { type AddressInfo } from "node:net"

import { Effect } from "effect"

export interface Store {
  readonly endpoint: string
  /** Versions of the secret `llm/keys`, by their labels. */
  readonly versions: Map<string, Secret>
  loads: number
  /** The names of the errors that the next requests get. */
  readonly failures: Array<string>
  isDown: boolean
}

type Secret = { readonly SecretString: string } | { readonly SecretBinary: string } | object

export const secretAccessKey = "aws/secret+access/key0123456789"

const hash = (text: string): string => createHash("sha256").update(text).digest("hex")

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest()

const authorization =
  /^AWS4-HMAC-SHA256 Credential=[^/]+\/(\d+)\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/

const isSigned = (request: IncomingMessage, body: string): boolean => {
  const [, date = "", region = "", service = "", names = "", signature] =
    authorization.exec(request.headers.authorization ?? "") ?? []
  const headers = names.split(";").map((name) => `${name}:${String(request.headers[name]).trim()}\n`)
  const canonical = [request.method, request.url, "", headers.join(""), names, hash(body)].join("\n")
  const scope = `${date}/${region}/${service}/aws4_request`
  const text = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, hash(canonical)].join("\n")
  const key = [region, service, "aws4_request"].reduce<Buffer>(hmac, hmac(`AWS4${secretAccessKey}`, date))
  return hmac(key, text).toString("hex") === signature
}

const answer = (store: Store, request: IncomingMessage, body: string): readonly [status: number, answer: object] => {
  const failure = store.isDown ? "InternalServiceError" : store.failures.shift()
  if (failure !== undefined) return [failure.startsWith("Internal") ? 500 : 400, { __type: failure, message: body }]
  if (!isSigned(request, body)) return [403, { __type: "InvalidSignatureException", message: "no match" }]
  const { SecretId, VersionStage = "AWSCURRENT" } = JSON.parse(body) as Record<string, string>
  const secret = store.versions.get(VersionStage)
  const isAsked = request.headers["x-amz-target"] === "secretsmanager.GetSecretValue" && SecretId === "llm/keys"
  if (!isAsked || secret === undefined) return [400, { __type: "ResourceNotFoundException", message: "none" }]
  store.loads++
  return [200, { Name: SecretId, VersionStages: [VersionStage], ...secret }]
}

const listening = (store: { -readonly [Key in keyof Store]: Store[Key] }) =>
  Effect.callback<Server>((resume) => {
    const server = createServer((request, response) => {
      const pieces: Array<Buffer> = []
      request.on("data", (piece: Buffer) => pieces.push(piece))
      request.on("end", () => {
        const [status, said] = answer(store, request, Buffer.concat(pieces).toString())
        response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(said))
      })
    })
    server.listen(0, "127.0.0.1", () => {
      store.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      resume(Effect.succeed(server))
    })
  })

/** A store with one secret, for as long as the scope is open. */
export const started = (secret: Secret) =>
  Effect.suspend(() => {
    const store: { -readonly [Key in keyof Store]: Store[Key] } = {
      endpoint: "",
      versions: new Map([["AWSCURRENT", secret]]),
      loads: 0,
      failures: [],
      isDown: false,
    }
    const close = (server: Server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
    return Effect.as(Effect.acquireRelease(listening(store), close), store as Store)
  })

/** What a rotation does: the new version becomes the current one. */
export const rotate = (store: Store, secret: Secret): void => {
  store.versions.set("AWSPREVIOUS", store.versions.get("AWSCURRENT") ?? {})
  store.versions.set("AWSCURRENT", secret)
}
