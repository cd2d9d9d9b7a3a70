/** Answers as a hostile or broken server would send them: a real one, with parts of it changed at random. */
import { type EventReader, type Part } from "@holdfast/core/provider/EventReader"
import { Result, Schema } from "effect"
import { Response } from "effect/ai"

/** Numbers from 0 to below 1. The same seed gives the same ones. */
export type Random = () => number

const randomOf = (seed: number): Random => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const pick = <A>(items: ReadonlyArray<A>, random: Random): A => items[Math.floor(random() * items.length)] as A

const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`

const values: ReadonlyArray<string> = [
  "null",
  "true",
  "0",
  "-1",
  "1.5",
  "1e308",
  String(Number.MAX_SAFE_INTEGER),
  '""',
  '"x"',
  '"__proto__"',
  '"{\\"a\\":"',
  '"\\u0000\\ud800"',
  "[]",
  "[null, 1, {}]",
  "{}",
  '{ "__proto__": { "polluted": true } }',
  '{ "constructor": { "prototype": { "polluted": true } } }',
  '{ "type": "text", "length": -1, "text": 5 }',
  JSON.stringify(deep(20_000)),
  deep(20_000),
  deep(400),
]

type Holder = Record<string, unknown>

const holdersIn = (value: unknown, into: Array<Holder> = []): ReadonlyArray<Holder> => {
  if (typeof value !== "object" || value === null || into.length > 2000) return into
  into.push(value as Holder)
  for (const inner of Object.values(value)) holdersIn(inner, into)
  return into
}

const changeField = (root: unknown, random: Random): void => {
  const holder = pick(holdersIn(root), random)
  const keys = Object.keys(holder)
  if (keys.length === 0) return
  const key = pick(keys, random)
  const dice = random()
  if (dice < 0.3 && Array.isArray(holder)) holder.splice(Number(key), 1)
  else if (dice < 0.3) delete holder[key]
  else if (dice < 0.5) holder[key] = holder[pick(keys, random)]
  else {
    const value: unknown = JSON.parse(pick(values, random))
    Object.defineProperty(holder, key, { value, configurable: true, enumerable: true, writable: true })
  }
}

/** A copy with one or a few fields changed. */
export const changed = <A>(whole: A, random: Random): A => {
  const copied = Result.try(() => structuredClone({ root: whole }))
  // What was changed before may be too deep to be copied, or to be walked through.
  if (Result.isFailure(copied)) return whole
  for (let rest = 1 + Math.floor(random() * 3); rest > 0; rest--) {
    if (Result.isFailure(Result.try(() => changeField(copied.success, random)))) break
  }
  return copied.success.root
}

/** A copy of a list of events with one of them lost, doubled, moved or changed. */
export const changedEvents = (events: ReadonlyArray<unknown>, random: Random): ReadonlyArray<unknown> => {
  const out = [...events]
  for (let rest = 1 + Math.floor(random() * 3); rest > 0; rest--) {
    const at = Math.floor(random() * out.length)
    const to = Math.floor(random() * out.length)
    const dice = random()
    if (dice < 0.2) out.splice(at, 1)
    else if (dice < 0.35) out.splice(to, 0, out[at])
    else if (dice < 0.5) out.splice(to, 0, ...out.splice(at, 1))
    else out.splice(at, 1, changed(out[at], random))
  }
  return out
}

const decodePart = Schema.decodeUnknownResult(Response.Part())
const decodeStreamPart = Schema.decodeUnknownResult(Response.StreamPart())

const kindOf = (type: string): string => type.replace(/-(?:start|delta|end)$/, "")

/** What is wrong with the parts of a stream, if anything is. */
export const problemOf = (parts: ReadonlyArray<Part>): string | undefined => {
  const open = new Set<string>()
  const begun = new Set<string>()
  for (const [at, part] of parts.entries()) {
    const decoded = decodeStreamPart(part)
    if (Result.isFailure(decoded)) return `does not decode: ${decoded.failure.message.slice(0, 500)}`
    if (part.type === "finish" && (at !== parts.length - 1 || open.size > 0)) return "finish is not the end"
    if (!("id" in part) || !/-(?:start|delta|end)$/.test(part.type)) continue
    const block = `${kindOf(part.type)} ${part.id}`
    if (part.type.endsWith("-start")) {
      if (begun.has(block)) return `${block} begins twice`
      begun.add(block)
      open.add(block)
    } else if (!open.has(block)) return `${part.type} ${part.id} belongs to no open block`
    if (part.type.endsWith("-end")) open.delete(block)
  }
  const calls = parts.flatMap((part) => (part.type === "tool-call" ? [part.id] : []))
  return new Set(calls).size === calls.length ? undefined : "two tool calls have one id"
}

/** What is wrong with the parts of a whole answer, if anything is. */
export const problemOfWhole = (parts: ReadonlyArray<Response.PartEncoded>): string | undefined => {
  for (const [at, part] of parts.entries()) {
    const decoded = decodePart(part)
    if (Result.isFailure(decoded)) return `does not decode: ${decoded.failure.message.slice(0, 500)}`
    if (part.type === "finish" && at !== parts.length - 1) return "finish is not the end"
  }
  const calls = parts.flatMap((part) => (part.type === "tool-call" ? [part.id] : []))
  return new Set(calls).size === calls.length ? undefined : "two tool calls have one id"
}

/** All parts that a reader makes of some events, up to the first error. */
export const partsOf = (reader: EventReader, events: ReadonlyArray<unknown>): Array<Part> => {
  const out: Array<Part> = []
  for (const event of events) {
    if (reader.read(event, out) !== undefined) return out
  }
  reader.end(out)
  return out
}

/** What went wrong in some thousand trials, each with numbers of its own. */
export const problemsIn = (trial: (random: Random) => string | undefined): ReadonlyArray<string> =>
  Array.from({ length: 3000 }, (_, seed) => {
    const problem = trial(randomOf(seed))
    return problem === undefined ? [] : [`${seed}: ${problem}`]
  }).flat()
