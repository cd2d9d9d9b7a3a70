/**
 * Uploaded files in a prompt that have expired.
 */
import { Clock, Effect } from "effect"
import { type Prompt } from "effect/ai"

import { field, text } from "../../provider/Json.ts"
import { withoutStack } from "../error/withoutStack.ts"
import { FileExpired } from "./errors.ts"

/** Fails for the first file of a prompt that has expired at the vendor whose options stand under this key. */
export const refuseExpired = (
  prompt: Prompt.Prompt,
  { key, provider }: { readonly key: string; readonly provider: string },
): Effect.Effect<void, FileExpired> => {
  const dated = datedIn(prompt, key)
  if (dated.length === 0) return Effect.void
  return Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const expired = dated.find(({ expiresAt }) => expiresAt <= now)
    return expired === undefined
      ? Effect.void
      : Effect.suspend(() => Effect.fail(withoutStack(() => new FileExpired({ provider, ...expired }))))
  })
}

const datedIn = (prompt: Prompt.Prompt, key: string) => {
  const dated: Array<{ readonly file: string; readonly expiresAt: number }> = []
  for (const { content } of prompt.content) {
    if (typeof content === "string") continue
    for (const part of content) {
      if (part.type !== "file") continue
      const options = part.options[key]
      const expiresAt = field(options, "expiresAt")
      if (typeof expiresAt !== "number") continue
      dated.push({ file: text(options, "fileId") ?? text(options, "fileUri") ?? part.fileName ?? "a file", expiresAt })
    }
  }
  return dated
}
