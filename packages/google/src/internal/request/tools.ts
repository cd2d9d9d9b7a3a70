import * as ToolForms from "@holdfast/core/provider/ToolForms"

import { toCodecGoogle } from "./structuredOutput.ts"

/** Tools in Gemini's subset of JSON Schema. */
export const { canonical, describe } = ToolForms.make(toCodecGoogle, () => undefined)
