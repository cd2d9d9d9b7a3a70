/**
 * One WebSocket, as far as Effect's `Socket` does not say: when what was written has left the process, and how to be rid of a
 * client that does not answer.
 */
import { Clock, Effect, Predicate } from "effect"
import { type HttpServerRequest } from "effect/http"

export interface Wire {
  /** Writes a frame, and completes when there is room for more. */
  readonly send: (frame: string) => Effect.Effect<void>
  /** Milliseconds of the clock when something was sent, and when something was heard. */
  sentAt: number
  heardAt: number
}

/** What Node.js has below a WebSocket. Elsewhere there is nothing to wait for. */
interface Tcp {
  readonly writableLength: number
  readonly destroyed: boolean
  readonly once: (event: string, listener: () => void) => unknown
  readonly off: (event: string, listener: () => void) => unknown
  readonly destroy: () => unknown
}

const tcpOf = ({ source }: HttpServerRequest.HttpServerRequest): Tcp | undefined =>
  Predicate.hasProperty(source, "socket") &&
  Predicate.hasProperty(source.socket, "writableLength") &&
  Predicate.hasProperty(source.socket, "destroy")
    ? (source.socket as Tcp)
    : undefined

/** Bytes that may wait in the process for a client. */
const highWater = 65_536

export const wireOf = (
  request: HttpServerRequest.HttpServerRequest,
  write: (frame: string) => Effect.Effect<void, unknown>,
): Effect.Effect<Wire> =>
  Effect.map(Clock.Clock, (clock) => {
    const tcp = tcpOf(request)
    const now = () => clock.currentTimeMillisUnsafe()
    // A client that is gone ends the fiber of its socket, so nothing here needs to fail.
    const wire: Wire = {
      send: (frame) => {
        wire.sentAt = now()
        const written = Effect.ignore(write(frame))
        return tcp === undefined ? written : Effect.andThen(written, drained(tcp))
      },
      sentAt: now(),
      heardAt: now(),
    }
    return wire
  })

const drained = (tcp: Tcp): Effect.Effect<void> =>
  Effect.suspend(() => (tcp.destroyed || tcp.writableLength < highWater ? Effect.void : event(tcp, ["drain", "close"])))

const event = (tcp: Tcp, names: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const go = () => resume(Effect.void)
    for (const name of names) tcp.once(name, go)
    return Effect.sync(() => {
      for (const name of names) tcp.off(name, go)
    })
  })

/** Milliseconds that a client has to answer the closing handshake. */
const farewell = 1_000

/** Otherwise one client that says nothing would hold up the end of the server. */
export const cutAtEnd = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.addFinalizer(() =>
    Effect.suspend(() => {
      const tcp = tcpOf(request)
      if (tcp === undefined || tcp.destroyed) return Effect.void
      return Effect.andThen(
        Effect.timeoutOption(event(tcp, ["close"]), farewell),
        Effect.sync(() => void tcp.destroy()),
      )
    }),
  )
