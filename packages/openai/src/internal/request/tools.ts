import * as ToolForms from "@holdfast/core/provider/ToolForms"
import { OpenAiStructuredOutput } from "effect/ai"

/** Tools in OpenAI's subset of JSON Schema. */
export const { canonical, describe } = ToolForms.make(OpenAiStructuredOutput.toCodecOpenAI)
