import { rules as anthropic } from "../packages/anthropic/src/internal/rules.ts"
/** The table of reasons in docs/errors.md, from the rules themselves: `node test/errorTable.ts` prints it. */
import { reasons } from "../packages/core/src/provider/ErrorRule.ts"
import { rules as google } from "../packages/google/src/internal/rules.ts"
import { rules as openai } from "../packages/openai/src/internal/errors/rules.ts"

const arrives: Readonly<Record<(typeof reasons)[number], readonly [string, string]>> = {
  contextWindow: ["`InvalidRequestError`, `isContextWindowExceeded`", "fatal"],
  requestTooLarge: ["`QuotaExhaustedError`", "fatal"],
  quota: ["`QuotaExhaustedError`", "fatal"],
  billing: ["`QuotaExhaustedError`", "fatal"],
  invalidKey: ["`AuthenticationError`", "fatal"],
  permission: ["`AuthenticationError`", "fatal"],
  region: ["`AuthenticationError`", "fatal"],
  modelNotFound: ["`InvalidRequestError`", "fatal"],
  contentPolicy: ["`ContentPolicyError`", "fatal"],
  rateLimit: ["`RateLimitError`", "throttled"],
  overloaded: ["`InternalProviderError`", "overloaded"],
  timeout: ["`InternalProviderError`", "transient"],
  conflict: ["`InternalProviderError`", "transient"],
  serverError: ["`InternalProviderError`", "transient"],
  unusableModel: ["`InvalidRequestError`", "fatal"],
  invalidRequest: ["`InvalidRequestError`", "fatal"],
}

/** The rows, a cell each. */
export const rows = reasons.map((reason) => {
  const ids = [...openai, ...anthropic, ...google].filter((rule) => rule.reason === reason).map(({ id }) => id)
  const families = new Set(ids.map((id) => id.slice(0, id.indexOf("/"))))
  for (const shared of ["common", "http"]) families.delete(shared)
  const names = [...families].toSorted((one, other) => (one < other ? -1 : 1))
  const [arrival, kind] = arrives[reason]
  return [`\`${reason}\``, arrival, kind, names.join(", ")]
})

if (import.meta.main) for (const row of rows) process.stdout.write(`| ${row.join(" | ")} |\n`)
