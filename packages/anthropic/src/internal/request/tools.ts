import * as JsonSchemas from "@holdfast/core/provider/JsonSchemas"
import * as ToolForms from "@holdfast/core/provider/ToolForms"
import { AnthropicStructuredOutput } from "effect/ai"

/** Tools in Anthropic's subset of JSON Schema. */
export const { canonical, describe } = ToolForms.make(AnthropicStructuredOutput.toCodecAnthropic)

/** The schema of an answer. Anthropic takes no other than those that it can hold a model to. */
export const answerForm = JsonSchemas.strictOnly(AnthropicStructuredOutput.toCodecAnthropic)

/** Tools are strict only where that was asked for: Anthropic limits how many of them a request may have. */
export const strictByDefault = (strictTools: boolean | undefined): boolean => strictTools ?? false
