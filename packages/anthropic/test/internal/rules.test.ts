import { ResilientModel } from "@holdfast/core"
import { Redacted } from "effect"

import { errorRulesSuite } from "../../../../test/support/errorRules.ts"
import * as AnthropicClient from "../../src/AnthropicClient.ts"
import * as AnthropicLanguageModel from "../../src/AnthropicLanguageModel.ts"
import { rules } from "../../src/internal/rules.ts"

errorRulesSuite(rules, (apiUrl) => ({
  model: AnthropicLanguageModel.model("claude-sonnet-5-5").pipe(
    ResilientModel.connect(AnthropicClient.layer({ apiUrl, apiKey: Redacted.make("sk-secret") })),
  ),
}))
