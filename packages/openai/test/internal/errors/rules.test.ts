import { ResilientModel } from "@holdfast/core"
import { Redacted } from "effect"

import { errorRulesSuite } from "../../../../../test/support/errorRules.ts"
import { rules } from "../../../src/internal/errors/rules.ts"
import * as OpenAiClient from "../../../src/OpenAiClient.ts"
import * as OpenAiCompatible from "../../../src/OpenAiCompatible.ts"
import * as OpenAiLanguageModel from "../../../src/OpenAiLanguageModel.ts"

const server = OpenAiCompatible.preset({ provider: "acme", apiUrl: "http://localhost", apiKeyName: undefined })

errorRulesSuite(rules, (apiUrl) => ({
  model: OpenAiCompatible.model(server, "model").pipe(
    ResilientModel.connect(OpenAiCompatible.layer(server, { apiUrl })),
  ),
  others: {
    responses: OpenAiLanguageModel.model("gpt-6.1-terra").pipe(
      ResilientModel.connect(OpenAiClient.layer({ apiUrl, apiKey: Redacted.make("sk-secret") })),
    ),
  },
}))
