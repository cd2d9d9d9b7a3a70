/** How the errors of OpenAI, and of servers that speak as it does, are read. */
import { commonRules } from "@holdfast/core/provider/CommonErrorRules"
import { type ErrorRule } from "@holdfast/core/provider/ErrorRule"

import { alibabaRules, deepseekRules, moonshotRules, otherRules } from "./china.ts"
import { bedrockRules, litellmRules, openrouterRules, vercelRules } from "./gateways.ts"
import { groqRules, mistralRules, xaiRules } from "./hosts.ts"
import { cerebrasRules, fireworksRules, togetherRules } from "./inference.ts"
import { localRules } from "./local.ts"
import { azureRules, githubRules, openaiRules } from "./openai.ts"
import { zaiRules } from "./zai.ts"

/**
 * The rules of all families. Words travel: a gateway passes on what any of them says, and a server behind an address of one's
 * own may be any of them, so all are asked, whatever the provider is called.
 */
const compatibleRules: ReadonlyArray<ErrorRule> = [
  ...openrouterRules,
  ...litellmRules,
  ...vercelRules,
  ...azureRules,
  ...githubRules,
  ...zaiRules,
  ...moonshotRules,
  ...alibabaRules,
  ...deepseekRules,
  ...otherRules,
  ...bedrockRules,
  ...xaiRules,
  ...mistralRules,
  ...groqRules,
  ...fireworksRules,
  ...togetherRules,
  ...cerebrasRules,
  ...localRules,
  ...openaiRules,
]

export const rules: ReadonlyArray<ErrorRule> = [...compatibleRules, ...commonRules]
