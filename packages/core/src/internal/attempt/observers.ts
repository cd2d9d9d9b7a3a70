import { Result } from "effect"

import { type Part, type ReplyObserver } from "../call/types.ts"

/** Who sees one reply: its headers, its parts, and what breaks it. */
export interface ReplyWatcher {
  readonly parts: (parts: ReadonlyArray<Part>) => void
  readonly failure: (error: unknown) => void
  readonly headers: (headers: Readonly<Record<string, string>>) => void
}

/** The record of an attempt and the observers that a call carries, as one; nothing where there are none. */
export const observersOf = (
  record: ReplyWatcher | undefined,
  observers: ReadonlyArray<ReplyObserver>,
): ReplyWatcher | undefined => {
  if (observers.length === 0) return record
  return {
    headers: (headers) => {
      record?.headers(headers)
      for (const observer of observers) Result.try(() => observer.headers?.(headers))
    },
    parts: (parts) => {
      record?.parts(parts)
      for (const observer of observers) Result.try(() => observer.parts?.(parts))
    },
    failure: (error) => record?.failure(error),
  }
}
