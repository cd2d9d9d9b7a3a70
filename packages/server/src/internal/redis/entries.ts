/** What is in a stream of Redis, and what a process reads from many of them. */
import { Result } from "effect"
import * as Redis from "effect/persistence/Redis"

import { type Event } from "../../ChatProtocol.ts"
import { Entry } from "../answer/entry.ts"

export type StreamEntry = readonly [id: string, fields: ReadonlyArray<string>]

/** Pairs in the second version of Redis's protocol, and an object in the third. */
export type Reply =
  | ReadonlyArray<readonly [key: string, entries: ReadonlyArray<StreamEntry>]>
  | Readonly<Record<string, ReadonlyArray<StreamEntry>>>
  | null

export const byKey = (reply: Reply): ReadonlyMap<string, ReadonlyArray<StreamEntry>> => {
  const pairs = Array.isArray(reply)
    ? (reply as Exclude<Reply, Readonly<Record<string, unknown>> | null>)
    : Object.entries(reply ?? {})
  return new Map(pairs)
}

export const field = ([, fields]: StreamEntry, name: string): string | undefined => {
  const at = fields.indexOf(name)
  return at % 2 === 0 ? fields[at + 1] : undefined
}

export const eventsIn = (entry: StreamEntry): ReadonlyArray<Entry> => {
  const parsed = Result.try((): unknown => JSON.parse(field(entry, "events") ?? "[]"))
  if (Result.isFailure(parsed) || !Array.isArray(parsed.success)) return []
  return parsed.success.map((event) => new Entry(event as Event))
}

export const isEnd = (entry: StreamEntry): boolean => field(entry, "end") === "1"

export interface Batch {
  readonly keys: readonly [events: string, owner: string]
  /** The number of the first event. */
  readonly first: number
  readonly writer: string
  readonly events: string
  readonly end: boolean
  /** Milliseconds until it is forgotten. */
  readonly ttl: number
}

/**
 * Adds a batch of events after those that are there.
 *
 * An entry's id is the number of its first event, so of two writers only one gets it: a write whose answer was lost is not done
 * twice, and a writer that others hold for dead finds out. 0 says that another one has it.
 */
export const append = Redis.script(
  ({ end, events, first, keys, ttl, writer }: Batch) => [...keys, `${first}-0`, writer, events, end ? "1" : "0", ttl],
  {
    numberOfKeys: 2,
    lua: `
local added = redis.pcall("XADD", KEYS[1], ARGV[1], "writer", ARGV[2], "events", ARGV[3], "end", ARGV[4])
if type(added) == "table" and added.err then
  local there = redis.call("XRANGE", KEYS[1], ARGV[1], ARGV[1])
  if #there == 0 or there[1][2][2] ~= ARGV[2] then return 0 end
end
redis.call("PEXPIRE", KEYS[1], ARGV[5])
redis.call("PEXPIRE", KEYS[2], ARGV[5])
return 1
`,
  },
).withReturnType<number>()
