import { Result, Schema } from "effect"

import { type Wire } from "./wire.ts"

/** The schema that the prompt tells, where the API has no other place for it. */
export const schemaInPrompt = (body: unknown, wire: Wire): unknown => {
  const told = [wire.system(body), ...wire.turns(body).map(([, text]) => text)].join("\n")
  const json = told.slice(told.indexOf("{"), told.lastIndexOf("}") + 1)
  return Result.getOrUndefined(Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))(json))
}
