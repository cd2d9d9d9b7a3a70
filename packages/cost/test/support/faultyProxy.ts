/**
 * A TCP proxy on the loopback interface that harms one packet of those that pass through it.
 */
import { connect, createServer, type AddressInfo, type Socket } from "node:net"

import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted, type Scope } from "effect"

import { databaseUrl } from "../databases.ts"

export interface Fault {
  /** `cut` closes both sides, `swallow` lets nothing through from then on, `delay` keeps the packet for a while. */
  readonly kind: "cut" | "swallow" | "delay"
  readonly direction: "toServer" | "toClient"
  /** The first packet after the fault was set is 1. */
  readonly packet: number
}

export interface FaultyProxy {
  readonly port: number
  /** Sets the fault. The one before is forgotten, and new connections are sound. */
  readonly arm: (fault: Fault) => void
  /** Takes the fault away, if it has not happened yet. */
  readonly disarm: () => void
  /** Whether the fault has happened. */
  readonly hit: () => boolean
  /** Keeps the next packet to the server that has this text in it, and all after it on its connection, until it is let through. */
  readonly hold: (text: string) => void
  readonly isHolding: () => boolean
  /** The connection whose packet is held is lost to its client, and nobody is let in any more. The server does not hear of it. */
  readonly abandon: () => void
  readonly letThrough: () => void
  /** Resets the connections that are silent, as a network does that is there again. */
  readonly heal: () => void
  /** Resets all connections, also those that are silent: their drivers need not wait until they give them up. */
  readonly close: () => void
}

/** How long a delayed packet takes. Milliseconds. */
const delay = 100

const faultyProxy = (target: {
  readonly host: string
  readonly port: number
}): Effect.Effect<FaultyProxy, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<Proxy>((resume) => {
        const proxy = new Proxy(target)
        proxy.server.listen(0, "127.0.0.1", () => resume(Effect.succeed(proxy)))
      }),
      (proxy) => Effect.sync(() => proxy.close()),
    ),
    (proxy) => ({
      port: (proxy.server.address() as AddressInfo).port,
      arm: (fault) => proxy.arm(fault),
      disarm: () => proxy.disarm(),
      hit: () => proxy.hit,
      hold: (text) => proxy.hold(text),
      isHolding: () => proxy.isHolding,
      abandon: () => proxy.abandon(),
      letThrough: () => proxy.letThrough(),
      heal: () => proxy.heal(),
      close: () => proxy.close(),
    }),
  )

interface Pair {
  readonly client: Socket
  readonly server: Socket
  isSilent: boolean
}

/** A proxy before the PostgreSQL of the tests, and a client of a schema that connects through it. */
export const throughProxy = (schema: string, options?: { readonly prepare?: boolean }) => {
  const { hostname, password, pathname, port, username } = new URL(databaseUrl)
  return Effect.map(faultyProxy({ host: hostname, port: Number(port === "" ? 5432 : port) }), (proxy) => {
    const url = `postgres://${username}${password === "" ? "" : `:${password}`}@127.0.0.1:${proxy.port}${pathname}`
    const layer = PgClient.layer({
      url: Redacted.make(url),
      startupParameters: { search_path: schema },
      maxConnections: 2,
      ...options,
    })
    return { proxy, layer }
  })
}

class Proxy {
  hit = false
  readonly server = createServer((client) => this.#pair(client))
  readonly #target: { readonly host: string; readonly port: number }
  readonly #sockets = new Set<Socket>()
  readonly #silent = new Set<Pair>()
  #fault: Fault | undefined
  #passed = 0
  #awaited: string | undefined
  #held: { readonly pair: Pair; readonly packets: Array<Buffer> } | undefined
  #isClosed = false

  constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target
  }

  arm(fault: Fault): void {
    this.#fault = fault
    this.#passed = 0
    this.hit = false
  }

  disarm(): void {
    this.#fault = undefined
  }

  heal(): void {
    this.disarm()
    for (const pair of this.#silent) pair.client.destroy()
    this.#silent.clear()
  }

  hold(text: string): void {
    this.#awaited = text
  }

  get isHolding(): boolean {
    return this.#held !== undefined
  }

  abandon(): void {
    this.#isClosed = true
    for (const socket of this.#sockets) {
      if (socket !== this.#held?.pair.client && socket !== this.#held?.pair.server) socket.destroy()
    }
    this.#held?.pair.client.removeAllListeners("close").destroy()
  }

  letThrough(): void {
    const held = this.#held
    this.#held = undefined
    for (const packet of held?.packets ?? []) held?.pair.server.write(packet)
  }

  close(): void {
    this.server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #pair(client: Socket): void {
    if (this.#isClosed) {
      client.destroy()
      return
    }
    const server = connect(this.#target)
    const pair: Pair = { client, server, isSilent: false }
    for (const [from, to, direction] of [
      [client, server, "toServer"],
      [server, client, "toClient"],
    ] as const) {
      this.#sockets.add(from)
      from.setNoDelay(true)
      from.on("data", (data) => this.#pass(pair, data, { to, direction }))
      from.on("error", () => to.destroy())
      from.on("close", () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }

  #pass(
    pair: Pair,
    data: Buffer,
    { direction, to }: { readonly to: Socket; readonly direction: Fault["direction"] },
  ): void {
    if (pair.isSilent || (direction === "toServer" && this.#isKept(pair, data))) return
    const fault = this.#fault
    const harmed = fault?.direction === direction && ++this.#passed === fault.packet ? fault.kind : undefined
    if (harmed === undefined) {
      to.write(data)
      return
    }
    this.hit = true
    if (harmed === "swallow") {
      pair.isSilent = true
      this.#silent.add(pair)
    } else if (harmed === "cut") pair.client.destroy()
    else {
      pair.client.pause()
      pair.server.pause()
      setTimeout(() => {
        to.write(data)
        pair.client.resume()
        pair.server.resume()
      }, delay)
    }
  }

  #isKept(pair: Pair, data: Buffer): boolean {
    if (this.#held === undefined && this.#awaited !== undefined && data.includes(this.#awaited)) {
      this.#awaited = undefined
      this.#held = { pair, packets: [] }
    }
    if (this.#held?.pair !== pair) return false
    this.#held.packets.push(data)
    return true
  }
}
