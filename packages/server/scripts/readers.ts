/**
 * `pnpm readers`: a thousand readers of server-sent events at once, a hundred of which read nothing.
 *
 * The provider, the server and the readers are processes of their own. The provider counts how much of each answer it could
 * send before its socket was full.
 */
/* oxlint-disable eslint/no-await-in-loop -- one after the other is the point */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import net from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

const total = Number(process.env["READERS"] ?? 1_000)
const stalled = Math.round(total / 10)

const script = (file: URL, env: Record<string, string> = {}): ChildProcess =>
  fork(file.pathname, { env: { ...process.env, ...env }, execArgv: ["--expose-gc"] })

const portOf = async (child: ChildProcess): Promise<number> => {
  const [{ port }] = (await once(child, "message")) as [{ readonly port: number }]
  return port
}

const asked = async <A>(child: ChildProcess): Promise<A> => {
  child.send("?")
  const [answer] = (await once(child, "message")) as [A]
  return answer
}

const upstream = script(new URL("./upstream.ts", import.meta.url))
const server = script(new URL("./served.ts", import.meta.url), {
  UPSTREAM: `http://127.0.0.1:${await portOf(upstream)}/v1`,
})
const port = await portOf(server)

const ask = (kind: string, number: number): net.Socket => {
  const body = JSON.stringify({ messages: [{ role: "user", content: `${kind} ${number}` }] })
  const head = `POST /chat/stream HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  const socket = net.connect(port, "127.0.0.1")
  socket.on("error", () => undefined)
  socket.write(head + body)
  return socket
}

/** Reads to the end, and says how many tokens came. */
const calm = (number: number): Promise<number> =>
  new Promise((resolve) => {
    const socket = ask("calm", number)
    let text = ""
    socket.setEncoding("utf8")
    socket.on("data", (piece: string) => {
      text += piece
      if (text.includes("event: done") || text.includes("event: error")) socket.destroy()
    })
    socket.on("close", () => {
      const count = text.split("event: token").length - 1
      if (count !== 40) process.stderr.write(`${number}: ${count} tokens, and then ${text.slice(-300)}\n`)
      resolve(count)
    })
  })

type Sent = ReadonlyArray<
  readonly [string, { readonly bytes: number; readonly done: boolean; readonly closed: boolean }]
>

const readers = async (): Promise<{ readonly counts: ReadonlyArray<number>; readonly seconds: number }> => {
  const began = performance.now()
  const reading: Array<Promise<number>> = []
  for (let number = 0; number < total - stalled; number++) {
    reading.push(calm(number))
    // Connections come quickly, but not faster than a system takes them.
    if (number % 50 === 49) await sleep(25)
  }
  return { counts: await Promise.all(reading), seconds: (performance.now() - began) / 1000 }
}

const bytesOf = (sent: Sent): number => sent.reduce((sum, [, { bytes }]) => sum + bytes, 0)

/** Until the buffers of the kernel are full between the provider, the server and those who do not read. */
const settled = async (): Promise<void> => {
  for (let before = -1, now = 0; before !== now;) {
    before = now
    await sleep(2_000)
    now = bytesOf(await asked<Sent>(upstream))
  }
}

await readers()
const alone = await readers()
const before = await asked<{ readonly heapUsed: number; readonly rss: number }>(server)
const silent = Array.from({ length: stalled }, (_, number) => {
  const socket = ask("flood", number)
  socket.pause()
  return socket
})
await settled()
const { counts, seconds } = await readers()
const during = await asked<{ readonly heapUsed: number; readonly rss: number }>(server)
const first = new Map(await asked<Sent>(upstream))
await sleep(3_000)
const later = new Map(await asked<Sent>(upstream))
const floods = [...later].filter(([name]) => name.startsWith("flood"))
const paused = floods.filter(([name, { bytes, done }]) => !done && bytes === first.get(name)?.bytes).length
const end = await asked<{ readonly heapUsed: number; readonly rss: number }>(server)

for (const socket of silent) socket.destroy()
let open = stalled
for (let turn = 0; open > 0 && turn < 500; turn++) {
  await sleep(10)
  open = (await asked<Sent>(upstream)).filter(([name, { closed }]) => name.startsWith("flood") && !closed).length
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
const complete = counts.filter((count) => count === 40).length
process.stdout.write(
  [
    `${complete} of ${total - stalled} readers got all of their tokens, in ${seconds.toFixed(1)} s; without the others in ${alone.seconds.toFixed(1)} s`,
    `${paused} of ${floods.length} answers that nobody reads are paused at the provider, after ${megabytes(floods.reduce((sum, [, { bytes }]) => sum + bytes, 0) / floods.length)} each`,
    `heap ${megabytes(before.heapUsed)}, with all readers ${megabytes(during.heapUsed)}, later ${megabytes(end.heapUsed)}; rss ${megabytes(before.rss)}, ${megabytes(during.rss)}, ${megabytes(end.rss)}`,
    `${open} answers are still open at the provider after their readers have left`,
    "",
  ].join("\n"),
)
for (const child of [upstream, server]) child.kill()
process.exit(complete === total - stalled && paused === floods.length && open === 0 ? 0 : 1)
