import { type Prompt } from "effect/ai"

/**
 * A tool's result as the text that the model reads. The APIs know no failed results, so a failure says that it is one.
 */
export const resultText = (part: Prompt.ToolResultPart): string => {
  if (part.isFailure) return JSON.stringify({ error: part.result ?? null })
  if (typeof part.result === "string") return part.result
  return JSON.stringify(part.result) ?? "null"
}
