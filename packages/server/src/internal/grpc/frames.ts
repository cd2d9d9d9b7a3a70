/** Frames of gRPC: five bytes of head before each message, and what a status says in trailers. */
import { type Modules } from "./modules.ts"

const headBytes = 5

/** The one message of a request; nothing where it is compressed or not whole. */
export const messageOf = (body: Uint8Array): Uint8Array | undefined => {
  if (body.length < headBytes || body[0] !== 0) return undefined
  const length = new DataView(body.buffer, body.byteOffset).getUint32(1)
  return body.length === headBytes + length ? body.subarray(headBytes) : undefined
}

/** Messages as one piece for the socket. */
export const framesOf = (messages: ReadonlyArray<Uint8Array>): Uint8Array => {
  let size = 0
  for (const { length } of messages) size += headBytes + length
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const message of messages) {
    view.setUint32(at + 1, message.length)
    bytes.set(message, at + headBytes)
    at += headBytes + message.length
  }
  return bytes
}

/** Characters that may stand in a header, the others in percent. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replaceAll(/%(2[0-46-9A-F]|3[A-F]|40|5[B-F]|60|7[B-E])/g, (part) => decodeURIComponent(part))

export interface Status {
  readonly code: number
  readonly message: string
  /** The name of the type of the details, and them. */
  readonly details?: readonly [type: string, value: Uint8Array] | undefined
  readonly retryAfter?: string | undefined
}

export const trailersOf = (
  { wire }: Modules,
  { code, details, message, retryAfter }: Status,
): Record<string, string> => ({
  "grpc-status": String(code),
  ...(message !== "" && { "grpc-message": escaped(message) }),
  ...(details !== undefined && {
    "grpc-status-details-bin": Buffer.from(
      // google.rpc.Status { code = 1, message = 2, details = 3 } of google.protobuf.Any { type_url = 1, value = 2 }.
      new wire.BinaryWriter()
        .uint32(8)
        .uint32(code)
        .uint32(18)
        .string(message)
        .uint32(26)
        .fork()
        .uint32(10)
        .string(`type.googleapis.com/${details[0]}`)
        .uint32(18)
        .bytes(details[1])
        .join()
        .finish(),
    ).toString("base64"),
  }),
  ...(retryAfter !== undefined && { "retry-after": retryAfter }),
})

const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 }

/** How long a client waits, in milliseconds. */
export const timeoutOf = (header: string | undefined): number | undefined => {
  const parts = /^(\d{1,8})([HMSmun])$/.exec(header ?? "")
  return parts === null ? undefined : Number(parts[1]) * (units[parts[2] ?? "S"] ?? 1)
}
