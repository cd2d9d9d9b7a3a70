import { type Origin } from "@holdfast/core/provider/ProviderError"
import { AnthropicStructuredOutput } from "effect/ai"

import { requestsWith } from "../../../test/support/requests.ts"

/** Where the errors of tests happen. */
export const origin: Origin = {
  module: "AnthropicClient",
  method: "test",
  provider: "anthropic",
  url: "https://api.anthropic.com/v1/messages",
  scrub: (text) => text.replaceAll("sk-secret", "<redacted>"),
}

export const request = requestsWith((schema) => AnthropicStructuredOutput.toCodecAnthropic(schema).jsonSchema)
