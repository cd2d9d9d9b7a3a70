import { type Origin } from "@holdfast/core/provider/ProviderError"
import { OpenAiStructuredOutput } from "effect/ai"

import { requestsWith } from "../../../test/support/requests.ts"

/** Where the errors of tests happen. */
export const origin: Origin = {
  module: "OpenAiClient",
  method: "test",
  provider: "openai",
  url: "https://api.openai.com/v1/test",
  scrub: (text) => text.replaceAll("sk-secret", "<redacted>"),
}

export const request = requestsWith((schema) => OpenAiStructuredOutput.toCodecOpenAI(schema).jsonSchema)
