import { type HabitName } from "../../../Fault.ts"
import { isJson, type Json } from "../dialect.ts"

/** What the habits of servers make of the events of a stream, and of a whole body. */
export interface Habits {
  readonly stream: Partial<Record<HabitName, (events: ReadonlyArray<Json>) => ReadonlyArray<Json>>>
  readonly whole: Partial<Record<HabitName, (body: Json) => Json>>
}

/** A field that is an object, or an empty one. */
export const at = (value: unknown, key: string): Json => {
  const found = isJson(value) ? value[key] : undefined
  return isJson(found) ? found : {}
}

/** The objects in a list. */
export const items = (value: unknown, key: string): ReadonlyArray<Json> => {
  const found = isJson(value) ? value[key] : undefined
  return Array.isArray(found) ? found.filter(isJson) : []
}

/** A text, or the empty one. */
export const words = (value: unknown, key: string): string => {
  const found = isJson(value) ? value[key] : undefined
  return typeof found === "string" ? found : ""
}

/** The same counts, each of them changed. */
const counts = (usage: Json, change: (count: number) => number): Json =>
  Object.fromEntries(
    Object.entries(usage).map(([name, value]) => [
      name,
      typeof value === "number" ? change(value) : isJson(value) ? counts(value, change) : value,
    ]),
  )

export const zeros = (usage: Json): Json => counts(usage, () => 0)

/** Counts of a share of the answer. */
export const share = (usage: Json, index: number, total: number): Json =>
  counts(usage, (count) => Math.floor((count * (index + 1)) / total))

/** An object without one of its fields. */
export const without = (value: Json, key: string): Json =>
  Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))

/** An object with some fields laid over it. */
export const over = (value: Json, fields: Json): Json => ({ ...value, ...fields })
