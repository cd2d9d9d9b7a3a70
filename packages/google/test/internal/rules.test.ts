import { ResilientModel } from "@holdfast/core"
import { Redacted } from "effect"

import { errorRulesSuite } from "../../../../test/support/errorRules.ts"
import * as GoogleClient from "../../src/GoogleClient.ts"
import * as GoogleLanguageModel from "../../src/GoogleLanguageModel.ts"
import { rules } from "../../src/internal/rules.ts"

errorRulesSuite(rules, (apiUrl) => ({
  model: GoogleLanguageModel.model("gemini-3.8-flash").pipe(
    ResilientModel.connect(GoogleClient.layer({ apiUrl, apiKey: Redacted.make("sk-secret") })),
  ),
}))
