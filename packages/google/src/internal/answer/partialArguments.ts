/**
 * Arguments of a call that come in pieces: values at JSON paths, and long texts in several pieces at the same path.
 */
import { field, list, text } from "@holdfast/core/provider/Json"
import { Predicate } from "effect"

type Key = string | number
type Container = Record<string, unknown> | Array<unknown>

const deepest = 100

/** Gathers the arguments of one call. */
export class PartialArguments {
  readonly args: Record<string, unknown> = {}
  /** The path of a text that goes on. */
  private openPath: string | undefined
  /** Characters and values so far. */
  size = 0

  /** Takes in the pieces of one chunk. `false` if one of them fits nowhere. */
  add(call: unknown): boolean {
    return list(call, "partialArgs").every((piece) => this.addPiece(piece))
  }

  private addPiece(piece: unknown): boolean {
    const path = text(piece, "jsonPath")
    const keys = path === undefined ? undefined : keysOf(path)
    const value = valueOf(piece)
    if (path === undefined || keys === undefined || value === undefined) return false
    this.size += path.length + (Predicate.isString(value) ? value.length : 1)
    const goesOn = this.openPath === path
    this.openPath = field(piece, "willContinue") === true ? path : undefined
    return put(this.args, keys, value, goesOn)
  }
}

const valueOf = (piece: unknown): string | number | boolean | null | undefined => {
  for (const key of ["stringValue", "numberValue", "boolValue"]) {
    const value = field(piece, key)
    if (Predicate.isString(value) || Predicate.isNumber(value) || Predicate.isBoolean(value)) return value
  }
  return field(piece, "nullValue") === undefined ? undefined : null
}

const step = /^(?:\.([\p{L}\p{N}_$-]+)|\[(\d{1,6})\]|\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\])/u

/** The keys of a path such as `$.recipe.steps[2]['a b']`; none if it is not one. */
const keysOf = (path: string): ReadonlyArray<Key> | undefined => {
  if (!path.startsWith("$")) return undefined
  const keys: Array<Key> = []
  for (let rest = path.slice(1); rest !== "";) {
    const match = step.exec(rest)
    if (match === null || keys.length === deepest) return undefined
    const name = match[1] ?? (match[3] ?? match[4])?.replace(/\\(.)/g, "$1")
    keys.push(name ?? Number(match[2]))
    rest = rest.slice(match[0].length)
  }
  return keys.length === 0 ? undefined : keys
}

const put = (root: Container, keys: ReadonlyArray<Key>, value: unknown, goesOn: boolean): boolean => {
  let at: Container = root
  for (const [position, key] of keys.entries()) {
    if (!isPlace(at, key)) return false
    const known = get(at, key)
    const next = keys[position + 1]
    if (next === undefined) {
      set(at, key, goesOn && Predicate.isString(known) && Predicate.isString(value) ? known + value : value)
      return true
    }
    const inner = isContainer(known) ? known : typeof next === "number" ? [] : {}
    if (inner !== known) set(at, key, inner)
    at = inner
  }
  return false
}

const isContainer = (value: unknown): value is Container => typeof value === "object" && value !== null

// An index beyond the end would make a list of holes, and its size would be the provider's to choose.
const isPlace = (at: Container, key: Key): boolean =>
  Array.isArray(at) ? typeof key === "number" && key <= at.length : typeof key === "string" && key !== "__proto__"

const get = (at: Container, key: Key): unknown =>
  Object.hasOwn(at, key) ? (at as Record<Key, unknown>)[key] : undefined

const set = (at: Container, key: Key, value: unknown): void => {
  ;(at as Record<Key, unknown>)[key] = value
}
