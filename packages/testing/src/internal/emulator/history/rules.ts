/**
 * What each provider refuses in the shape of a history, each with the place where it is written.
 */
import { type Dialect, type DialectName, type Failure, type Json } from "../dialect.ts"
import { anthropicRules } from "./anthropic.ts"
import { chatRules } from "./chat.ts"
import { googleRules } from "./google.ts"
import { responsesRules } from "./responses.ts"
import { failureOf, type Issued, type Rule } from "./rule.ts"

export type { Issued, Rule } from "./rule.ts"

/** The rules of each API whose answers are chats. */
export const rulesOf: Readonly<Partial<Record<DialectName, ReadonlyArray<Rule>>>> = {
  "openai-responses": responsesRules,
  "openai-chat": chatRules,
  anthropic: anthropicRules,
  google: googleRules,
}

/** What a provider says to a history, or `undefined` if it takes it. */
export const refusalOf = (dialect: Dialect, body: Json, model: string, issued: Issued): Failure | undefined => {
  for (const { complaint, models } of rulesOf[dialect.name] ?? []) {
    if (models !== undefined && !models.test(model)) continue
    const found = complaint(body, issued)
    if (found !== undefined) return failureOf(found)
  }
  return undefined
}
