import * as ToolForms from "@holdfast/core/provider/ToolForms"
import { AnthropicStructuredOutput } from "effect/ai"

/** Tools in Anthropic's subset of JSON Schema. */
export const { canonical, describe } = ToolForms.make(AnthropicStructuredOutput.toCodecAnthropic)

/** Tools are strict only where that was asked for: Anthropic limits how many of them a request may have. */
export const strictByDefault = (strictTools: boolean | undefined): boolean => strictTools ?? false
