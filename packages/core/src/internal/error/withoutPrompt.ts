/**
 * Messages of providers that quote the prompt. Summaries, events and logs are made of them and promise not to hold it.
 */
import { Predicate } from "effect"
import { AiError } from "effect/ai"

/** The same error, with `<prompt>` in the place of whatever its message quotes of these texts. */
export const withoutPrompt = <E>(error: E, prompt: unknown): E => {
  if (!AiError.isAiError(error)) return error
  const { module, method, reason } = error
  const fields = reason as { readonly description?: string | undefined; readonly metadata?: Metadata | undefined }
  const told = fields.metadata?.["holdfast"]?.message
  const said = Predicate.isString(told) ? told : fields.description
  if (!Predicate.isString(said)) return error
  const clean = withoutQuotes(said, textsIn(prompt))
  if (clean === said) return error
  const holdfast = { ...fields.metadata?.["holdfast"], message: clean }
  const changed = {
    ...Object.fromEntries(Object.entries(reason)),
    ...(fields.description !== undefined && { description: clean }),
    ...(told !== undefined && { metadata: { ...fields.metadata, holdfast } }),
  }
  // A reason is made as its own class makes it.
  const remade = Reflect.construct(reason.constructor, [changed]) as AiError.AiErrorReason
  return AiError.make({ module, method, reason: remade }) as AiError.AiError & E
}

type Metadata = Readonly<Record<string, { readonly message?: unknown } | null | undefined>>

// Words of this length and more are cut; a prompt that is shorter is cut as a whole.
const window = 12
const shortest = 2 * window
const shortestPrompt = 8

/** A text with `<prompt>` in the place of all that it has in common with others. */
export const withoutQuotes = (text: string, prompt: Iterable<string>): string => {
  const quoted = new Uint8Array(text.length)
  const windows = windowsOf(text)
  // Texts that repeat themselves have everything in common with each other.
  let steps = 2_000_000
  for (const said of prompt) {
    if (said.length < shortest) markWhole(text, said, quoted)
    for (let at = 0; at + window <= said.length && steps > 0; at += window) {
      for (const found of windows.get(said.slice(at, at + window)) ?? []) {
        if (--steps <= 0) break
        if (quoted[found] === 1) continue
        const { begin, end } = common({ text, found }, { said, at })
        steps -= end - begin
        if (end - begin >= shortest) quoted.fill(1, begin, end)
      }
    }
  }
  return steps > 0 ? redacted(text, quoted) : marker
}

const marker = "<prompt>"

const windowsOf = (text: string): ReadonlyMap<string, ReadonlyArray<number>> => {
  const windows = new Map<string, Array<number>>()
  for (let at = 0; at + window <= text.length; at++) {
    const key = text.slice(at, at + window)
    const known = windows.get(key)
    if (known === undefined) windows.set(key, [at])
    else known.push(at)
  }
  return windows
}

const common = (
  { found, text }: { readonly text: string; readonly found: number },
  { at, said }: { readonly said: string; readonly at: number },
) => {
  let before = 0
  while (before < found && before < at && text[found - before - 1] === said[at - before - 1]) before++
  let after = window
  while (found + after < text.length && at + after < said.length && text[found + after] === said[at + after]) after++
  return { begin: found - before, end: found + after }
}

const markWhole = (text: string, said: string, quoted: Uint8Array): void => {
  const whole = said.trim()
  if (whole.length < shortestPrompt) return
  for (let at = text.indexOf(whole); at >= 0; at = text.indexOf(whole, at + whole.length)) {
    quoted.fill(1, at, at + whole.length)
  }
}

const redacted = (text: string, quoted: Uint8Array): string => {
  let clean = ""
  for (let at = 0; at < text.length; at++) {
    if (quoted[at] === 0) clean += text[at]
    else if (at === 0 || quoted[at - 1] === 0) clean += marker
  }
  return clean
}

const deepest = 50
const mostTexts = 100_000

/** All texts in a prompt, also those in what tools were given and gave back. */
export const textsIn = (prompt: unknown): ReadonlyArray<string> => {
  const texts: Array<string> = []
  const walk = (value: unknown, depth: number): void => {
    if (texts.length >= mostTexts || depth > deepest) return
    if (Predicate.isString(value)) texts.push(value)
    else if (Array.isArray(value)) for (const item of value) walk(item, depth + 1)
    else if (Predicate.isReadonlyObject(value) && !(value instanceof Uint8Array)) {
      for (const [name, item] of Object.entries(value)) if (!names.has(name)) walk(item, depth + 1)
    }
  }
  walk(prompt, 0)
  return texts
}

// What is no text of anyone's: vendors name these in their messages, and rightly.
const names = new Set(["type", "role", "id", "name", "mediaType", "options", "providerExecuted"])
