import * as JsonSchemas from "@holdfast/core/provider/JsonSchemas"
import * as ToolForms from "@holdfast/core/provider/ToolForms"
import { OpenAiStructuredOutput } from "effect/ai"

/** Tools in OpenAI's subset of JSON Schema. */
export const { canonical, describe } = ToolForms.make(OpenAiStructuredOutput.toCodecOpenAI)

/** The schema of an answer: in OpenAI's subset, or as it is where strict mode cannot hold a model to it. */
export const answerForm = JsonSchemas.strictOr(OpenAiStructuredOutput.toCodecOpenAI)

/** The schema of an answer that is told in words. JSON mode writes objects only. */
export const wordedForm: typeof answerForm = (schema) => {
  const form = JsonSchemas.asWritten(schema)
  if (form.jsonSchema["type"] !== "object")
    throw new Error("JSON mode wants an object at the root; put the value into a field of a struct")
  return form
}
