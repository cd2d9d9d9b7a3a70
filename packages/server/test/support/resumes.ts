/** Readers that are cut off again and again, at places that a seed decides. */
import { type ChatServer } from "@holdfast/server"
import { Effect, Stream } from "effect"

import { message } from "./read.ts"
import { type Numbered, Refused, type Transport } from "./transports.ts"

/** A small generator of numbers from 0 to 1, the same for the same seed. */
const seeded = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const alphabet = ["a", "é", "漢", "💧", " ", "\n", "\r\n", "data: ", '"', "\u2028"]

/** What the model says, for a seed. */
const saidFor = (seed: number): ReadonlyArray<string> => {
  const random = seeded(seed)
  const pick = () => alphabet[Math.floor(random() * alphabet.length)] ?? ""
  return Array.from({ length: 20 + Math.floor(random() * 60) }, () => pick() + pick() + pick())
}

/** The seed of an answer that goes on until it is ended. */
export const endless = 0

/** Says a text in pieces that do not all come at once. */
export const answer = (): ChatServer.Answer<never, never> => (request) =>
  (request.data === endless
    ? Stream.forever(Stream.make("on and "))
    : Stream.fromIterable(saidFor(Number(request.data)))
  ).pipe(
    Stream.rechunk(request.data === endless ? 1 : 3),
    Stream.tap(() =>
      Effect.promise(
        () =>
          new Promise<void>(
            (resolve) => void (request.data === endless ? setTimeout(resolve, 20) : setImmediate(resolve)),
          ),
      ),
    ),
    Stream.map((text): ChatServer.Part => ({ type: "text-delta", id: "0", delta: text })),
  )

export interface Outcome {
  readonly cuts: number
  /** What is wrong, or nothing. */
  readonly fault: string | undefined
}

/** Reads one answer over many connections to many processes. */
export const readWithCuts = async (
  seed: number,
  { transports, urls }: { readonly urls: ReadonlyArray<string>; readonly transports: ReadonlyArray<Transport> },
): Promise<Outcome> => {
  const random = seeded(seed ^ 0x5eed)
  const pick = <A>(all: ReadonlyArray<A>) => all[Math.floor(random() * all.length)] as A
  const answerId = `seed-${String(seed).padStart(8, "0")}-${process.pid}-x`
  const read: Array<Numbered> = []
  let cuts = 0
  let lost = 0
  // It is asked for at the first one, and read at any.
  let ask: Parameters<Transport["read"]>[1] = { body: { ...message("go"), answerId, data: seed } }
  let url = urls[0] as string
  while (read.at(-1)?.event.type !== "done") {
    const most = 1 + Math.floor(random() * 8)
    let taken = 0
    try {
      // oxlint-disable-next-line eslint/no-await-in-loop -- one connection after the other
      for await (const each of pick(transports).read(url, ask)) {
        read.push(each)
        if (++taken >= most) break
      }
      lost = 0
    } catch (cause) {
      // A connection that the server closed just when it was used again. Asking again with the same id is safe.
      if (cause instanceof Refused || ++lost > 5) throw cause
    }
    if (taken === 0 && cuts > 10_000) return { cuts, fault: "it never ends" }
    cuts++
    if (read.length > 0) ask = { answerId, after: read.length }
    if (read.length > 0) url = pick(urls)
  }
  const text = read.map(({ event }) => (event.type === "token" ? event.text : "")).join("")
  if (read.some(({ id }, index) => id !== index + 1))
    return { cuts, fault: `seed ${seed}: an event is lost or doubled` }
  return { cuts, fault: text === saidFor(seed).join("") ? undefined : `seed ${seed}: the text differs` }
}
