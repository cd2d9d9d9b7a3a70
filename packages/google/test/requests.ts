import { type Origin } from "@holdfast/core/provider/ProviderError"

import { requestsWith } from "../../../test/support/requests.ts"
import { toCodecGoogle } from "../src/internal/request/structuredOutput.ts"

/** Where the errors of tests happen. */
export const origin: Origin = {
  module: "GoogleClient",
  method: "test",
  provider: "gcp.gemini",
  url: "https://generativelanguage.googleapis.com/v1beta/models/test",
  scrub: (text) => text.replaceAll("secret-key", "<redacted>"),
}

export const request = requestsWith((schema) => toCodecGoogle(schema).jsonSchema)
