/**
 * From an answer of one mode to that of the other: servers answer with events, or with a whole, whatever was asked for.
 *
 * @since 0.1.0
 */
import { type Result } from "effect"
import { type AiError, type Response } from "effect/ai"

import { WholeAnswer } from "./AnswerBody.ts"
import { type EventReader, type Part } from "./EventReader.ts"

type WholePart = Response.PartEncoded

/**
 * A reader that takes a whole answer as well.
 *
 * @since 0.1.0
 * @category combinators
 */
export const readingWhole = (
  reader: EventReader,
  partsOf: (answer: unknown) => Result.Result<Array<WholePart>, AiError.AiError>,
): EventReader => {
  let isWhole = false
  return {
    read: (event, out) => {
      if (!(event instanceof WholeAnswer)) return reader.read(event, out)
      isWhole = true
      const parts = partsOf(event.answer)
      if (parts._tag === "Failure") return parts.failure
      for (const part of streamed(parts.success)) out.push(part)
      return undefined
    },
    end: (out) => (isWhole ? undefined : reader.end(out)),
    fallSilent: (out) => {
      if (isWhole) return undefined
      return reader.fallSilent === undefined ? reader.end(out) : reader.fallSilent(out)
    },
    isComplete: () => isWhole || reader.isComplete(),
    isOver: () => isWhole || reader.isOver?.() === true,
    grace: () => reader.grace?.(),
  }
}

/**
 * The parts of a whole answer as those of a stream.
 *
 * @since 0.1.0
 * @category conversions
 */
export const streamed = (parts: ReadonlyArray<WholePart>): Array<Part> =>
  parts.flatMap((part, index): ReadonlyArray<Part> => {
    switch (part.type) {
      case "text":
      case "reasoning": {
        const { metadata, text, type } = part
        const id = `${type}-${index}`
        const known = metadata === undefined ? undefined : { metadata }
        return [
          { type: `${type}-start`, id, ...known },
          ...(text === "" ? [] : [{ type: `${type}-delta`, id, delta: text } as const]),
          { type: `${type}-end`, id, ...known },
        ]
      }
      case "tool-call": {
        const { id, name, params, providerExecuted } = part
        if (providerExecuted === true) return [part]
        return [
          { type: "tool-params-start", id, name, providerExecuted: false },
          { type: "tool-params-delta", id, delta: JSON.stringify(params) },
          { type: "tool-params-end", id },
          part,
        ]
      }
      default:
        return [part]
    }
  })

type Written = Extract<WholePart, { readonly type: "text" | "reasoning" }>

/**
 * The parts of a stream as those of a whole answer.
 *
 * @since 0.1.0
 * @category conversions
 */
export const gathered = (parts: ReadonlyArray<Part>): Array<WholePart> => {
  const out: Array<WholePart> = []
  const places = new Map<string, number>()
  const change = (id: string, changed: (written: Written) => Written): void => {
    const place = places.get(id)
    const written = place === undefined ? undefined : out[place]
    if (place !== undefined && written !== undefined) out[place] = changed(written as Written)
  }
  for (const part of parts) {
    switch (part.type) {
      case "text-start":
      case "reasoning-start": {
        const type = part.type === "text-start" ? "text" : "reasoning"
        places.set(part.id, out.length)
        out.push({ type, text: "", ...(part.metadata && { metadata: part.metadata }) })
        break
      }
      case "text-delta":
      case "reasoning-delta": {
        const { delta, id } = part
        change(id, (written) => ({ ...written, text: written.text + delta }))
        break
      }
      case "text-end":
      case "reasoning-end": {
        const { id, metadata } = part
        if (metadata !== undefined) change(id, (written) => ({ ...written, metadata }))
        break
      }
      case "tool-params-start":
      case "tool-params-delta":
      case "tool-params-end":
      case "error":
        break
      default:
        out.push(part)
    }
  }
  return out
}
