/**
 * A TCP proxy on the loopback interface that harms one packet of those that pass through it.
 */
import { connect, createServer, type AddressInfo, type Socket } from "node:net"

import { Effect, type Scope } from "effect"

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
  /** Whether the fault has happened. */
  readonly hit: () => boolean
  /** Resets all connections, also those that are silent: their drivers need not wait until they give them up. */
  readonly close: () => void
}

/** How long a delayed packet takes. Milliseconds. */
const delay = 100

export const faultyProxy = (target: {
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
      hit: () => proxy.hit,
      close: () => proxy.close(),
    }),
  )

class Proxy {
  hit = false
  readonly server = createServer((client) => this.#pair(client))
  readonly #target: { readonly host: string; readonly port: number }
  readonly #sockets = new Set<Socket>()
  #fault: Fault | undefined
  #passed = 0

  constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target
  }

  arm(fault: Fault): void {
    this.#fault = fault
    this.#passed = 0
    this.hit = false
  }

  close(): void {
    this.server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #pair(client: Socket): void {
    const server = connect(this.#target)
    const pair = { client, server, isSilent: false }
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
    pair: { readonly client: Socket; readonly server: Socket; isSilent: boolean },
    data: Buffer,
    { direction, to }: { readonly to: Socket; readonly direction: Fault["direction"] },
  ): void {
    if (pair.isSilent) return
    const fault = this.#fault
    const harmed = fault?.direction === direction && ++this.#passed === fault.packet ? fault.kind : undefined
    if (harmed === undefined) {
      to.write(data)
      return
    }
    this.hit = true
    if (harmed === "swallow") pair.isSilent = true
    else if (harmed === "cut") pair.client.destroy()
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
}
