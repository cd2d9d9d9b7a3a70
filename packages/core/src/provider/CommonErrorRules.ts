/**
 * The rules that all providers share: names that many servers took over from OpenAI, Anthropic and Google, words that
 * proxies pass on, the proxies' own errors, and in the end what a status says alone.
 *
 * @since 0.1.0
 */
import { access } from "../internal/error/rules/access.ts"
import { content } from "../internal/error/rules/content.ts"
import { gatewayRules } from "../internal/error/rules/gateway.ts"
import { lengths } from "../internal/error/rules/lengths.ts"
import { load } from "../internal/error/rules/load.ts"
import { money } from "../internal/error/rules/money.ts"
import { rest } from "../internal/error/rules/rest.ts"
import { statusRules } from "../internal/error/rules/status.ts"
import { type ErrorRule } from "./ErrorRule.ts"

/**
 * The rules in their order. Those of a provider come before.
 *
 * @since 0.1.0
 * @category constants
 */
export const commonRules: ReadonlyArray<ErrorRule> = [
  ...money,
  ...content,
  ...lengths,
  ...access,
  ...load,
  ...gatewayRules,
  ...rest,
  ...statusRules,
]
