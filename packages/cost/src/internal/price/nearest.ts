/**
 * The models of a book whose names are almost the one that was asked for.
 */
import { vendorOf } from "./modelName.ts"

interface Name {
  readonly provider: string
  readonly model: string
}

/** How many are named at most. */
const maxNames = 2

/** Longer names are not compared: the work grows with the square of the length. */
const maxLength = 100

/** Of the same provider, by the number of letters to change; and the same model of other providers. */
export const nearest = (names: ReadonlyArray<Name>, asked: Name): ReadonlyArray<Name> => {
  const { model } = asked
  if (model.length > maxLength) return []
  const vendor = vendorOf(asked.provider)
  const limit = Math.max(1, Math.floor(model.length / 5))
  const found = new Map<string, { readonly name: Name; readonly edits: number }>()
  for (const name of names) {
    const isSameVendor = vendorOf(name.provider) === vendor
    const edits = isSameVendor ? distance(model.toLowerCase(), name.model.toLowerCase(), limit) : Infinity
    // It is spelled right; its price holds at another time.
    if (isSameVendor && name.model === model) return []
    const isNamesake = !isSameVendor && name.model === model
    if (!isNamesake && edits > limit) continue
    const provider = isSameVendor ? asked.provider : name.provider
    found.set(`${provider}\n${name.model}`, {
      name: { provider, model: name.model },
      edits: isNamesake ? limit : edits,
    })
  }
  return [...found.values()]
    .toSorted((one, other) => one.edits - other.edits)
    .slice(0, maxNames)
    .map(({ name }) => name)
}

/** Levenshtein's distance, or `Infinity` above the limit. */
const distance = (one: string, other: string, limit: number): number => {
  if (Math.abs(one.length - other.length) > limit) return Infinity
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const replaced = (row[j - 1] ?? 0) + Number(one[i - 1] !== other[j - 1])
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  const edits = row.at(-1) ?? 0
  return edits > limit ? Infinity : edits
}
