/**
 * The one JSON value in an answer. Servers that only have a JSON mode, and models that are only asked in words, put it into
 * a fence, or write about it.
 */
import { Data, Effect, Result } from "effect"

/** More than one value could be meant. */
export class AmbiguousJson extends Data.TaggedError("AmbiguousJson")<{ readonly count: number }> {
  override get message(): string {
    return `the answer holds ${this.count} different JSON values, and does not say which one counts`
  }
}

/** The JSON of an answer. An answer without any is given back, for the decoder to say what is wrong. */
export const jsonIn = (text: string): Effect.Effect<string, AmbiguousJson> => {
  if (isJson(text)) return Effect.succeed(text)
  // What the model thought is no answer. Some servers swallow the mark at its beginning.
  const said = text.replace(/^[\s\S]*<\/think(?:ing)?>/i, "")
  const fenced = [...said.matchAll(/```[a-z]*\s*\n?([\s\S]*?)```/gi)].flatMap(([, inside = ""]) =>
    isJson(inside) ? [inside.trim()] : [],
  )
  const found = distinct(fenced.length > 0 ? fenced : valuesIn(said))
  const [only = text] = found
  return found.length > 1 ? Effect.fail(new AmbiguousJson({ count: found.length })) : Effect.succeed(only)
}

const parsed = (text: string): Result.Result<unknown, unknown> => Result.try((): unknown => JSON.parse(text))

const isJson = (text: string): boolean => Result.isSuccess(parsed(text))

const distinct = (values: ReadonlyArray<string>): ReadonlyArray<string> => {
  const seen = new Set<string>()
  return values.filter((value) => {
    const plain = Result.match(parsed(value), { onSuccess: (json) => JSON.stringify(json), onFailure: () => value })
    return seen.size < seen.add(plain).size
  })
}

// How many characters are looked at for each that there is, so that no text of brackets alone takes for ever.
const patience = 8

/** The objects and lists in a text that are not in others. */
const valuesIn = (text: string): ReadonlyArray<string> => {
  const values: Array<string> = []
  let looks = text.length * patience
  let at = 0
  while (at < text.length && looks > 0) {
    if (text[at] !== "{" && text[at] !== "[") {
      at++
      continue
    }
    const end = endOf(text, at)
    looks -= (end ?? text.length) - at
    const value = end === undefined ? undefined : text.slice(at, end)
    if (value !== undefined && isJson(value)) {
      values.push(value)
      at += value.length
    } else at++
  }
  return values
}

/** Where the bracket at a place is closed. */
const endOf = (text: string, start: number): number | undefined => {
  let depth = 0
  let quoted = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (quoted) {
      if (character === "\\") at++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === "{" || character === "[") depth++
    else if (character === "}" || character === "]") {
      depth--
      if (depth === 0) return at + 1
    }
  }
  return undefined
}
