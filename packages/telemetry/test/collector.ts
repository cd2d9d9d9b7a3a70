/**
 * A collector of OTLP of a few lines, for JSON and for protobuf.
 */
import { createServer } from "node:http"
import { gunzipSync } from "node:zlib"

import { Effect } from "effect"

export interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: Buffer
}

/** Where it listens, and what has come. */
export const collector = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly received: Array<Received>; readonly close: () => void }>(
    (resume) => {
      const received: Array<Received> = []
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const body = Buffer.concat(chunks)
          received.push({
            path: request.url ?? "",
            headers: request.headers,
            body: request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body,
          })
          response.writeHead(200, { "content-type": "application/json" }).end("{}")
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as { readonly port: number }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, received, close: () => server.close() }))
      })
    },
  ),
  ({ close }) => Effect.sync(close),
)

export interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly statusCode: number
  readonly events: ReadonlyArray<string>
}

type Json = Readonly<Record<string, never>> & { readonly [key: string]: unknown }

const valueOf = (value: Json): unknown => {
  if ("arrayValue" in value) return (value["arrayValue"] as { values?: ReadonlyArray<Json> }).values?.map(valueOf) ?? []
  if ("intValue" in value) return Number(value["intValue"])
  return Object.values(value)[0]
}

const attributesOf = (all: ReadonlyArray<{ readonly key: string; readonly value: Json }>) =>
  Object.fromEntries(all.map(({ key, value }) => [key, valueOf(value)]))

/** The spans of one export, whichever way they are written. */
export const spansIn = ({ body, headers }: Received): ReadonlyArray<Span> =>
  String(headers["content-type"]).includes("json") ? fromJson(body) : fromProtobuf(body)

const fromJson = (body: Buffer): ReadonlyArray<Span> => {
  const { resourceSpans } = JSON.parse(body.toString()) as {
    resourceSpans: ReadonlyArray<{ scopeSpans: ReadonlyArray<{ spans: ReadonlyArray<Record<string, unknown>> }> }>
  }
  return resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        name: span["name"] as string,
        traceId: span["traceId"] as string,
        spanId: span["spanId"] as string,
        parentSpanId: (span["parentSpanId"] as string | undefined) ?? "",
        attributes: attributesOf(span["attributes"] as never),
        statusCode: (span["status"] as { code: number }).code,
        events: (span["events"] as ReadonlyArray<{ name: string }>).map(({ name }) => name),
      })),
    ),
  )
}

/** The fields of a message of protobuf: by number, each as often as it is there. */
const fieldsOf = (bytes: Uint8Array): Map<number, Array<Uint8Array | bigint>> => {
  const fields = new Map<number, Array<Uint8Array | bigint>>()
  let at = 0
  const varint = (): bigint => {
    let [value, shift] = [0n, 0n]
    for (;;) {
      const byte = bytes[at++] as number
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
      shift += 7n
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const [number, wire] = [tag >> 3, tag & 7]
    let value: Uint8Array | bigint
    if (wire === 0) value = varint()
    else {
      const length = wire === 1 ? 8 : wire === 5 ? 4 : Number(varint())
      value = bytes.subarray(at, at + length)
      at += length
    }
    fields.set(number, [...(fields.get(number) ?? []), value])
  }
  return fields
}

const messages = (bytes: Uint8Array, number: number) => (fieldsOf(bytes).get(number) ?? []) as ReadonlyArray<Uint8Array>
const text = (bytes: Uint8Array | bigint | undefined) =>
  bytes === undefined ? "" : Buffer.from(bytes as Uint8Array).toString()
const hex = (bytes: Uint8Array | bigint | undefined) =>
  bytes === undefined ? "" : Buffer.from(bytes as Uint8Array).toString("hex")

/** `AnyValue` of `opentelemetry/proto/common/v1`. */
const anyValue = (bytes: Uint8Array): unknown => {
  for (const [number, [value]] of fieldsOf(bytes)) {
    if (number === 1) return text(value)
    if (number === 2) return value === 1n
    if (number === 3) return Number(BigInt.asIntN(64, value as bigint))
    if (number === 4) return Buffer.from(value as Uint8Array).readDoubleLE()
    if (number === 5) return messages(value as Uint8Array, 1).map(anyValue)
  }
  return undefined
}

const keyValues = (all: ReadonlyArray<Uint8Array>) =>
  Object.fromEntries(
    all.map((bytes) => {
      const fields = fieldsOf(bytes)
      return [text(fields.get(1)?.[0]), anyValue(fields.get(2)?.[0] as Uint8Array)]
    }),
  )

/** `ExportTraceServiceRequest` of `opentelemetry/proto/collector/trace/v1`. */
const fromProtobuf = (body: Buffer): ReadonlyArray<Span> =>
  messages(body, 1)
    .flatMap((resource) => messages(resource, 2))
    .flatMap((scope) => messages(scope, 2))
    .map((bytes) => {
      const fields = fieldsOf(bytes)
      const status = fields.get(15)?.[0] as Uint8Array | undefined
      return {
        traceId: hex(fields.get(1)?.[0]),
        spanId: hex(fields.get(2)?.[0]),
        parentSpanId: hex(fields.get(4)?.[0]),
        name: text(fields.get(5)?.[0]),
        attributes: keyValues((fields.get(9) ?? []) as ReadonlyArray<Uint8Array>),
        events: ((fields.get(11) ?? []) as ReadonlyArray<Uint8Array>).map((event) => text(fieldsOf(event).get(2)?.[0])),
        statusCode: status === undefined ? 0 : Number(fieldsOf(status).get(3)?.[0] ?? 0n),
      }
    })
