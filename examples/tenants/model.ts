/**
 * The model of the application, and what may be spent on it.
 */
import { Deadline, Retry } from "@holdfast/core"
import { Budget } from "@holdfast/cost"
import { OpenAiLanguageModel } from "@holdfast/openai"

/** What each tenant has paid for. */
const daily = { acme: "0.02 USD", globex: "1 USD" } as const

export const tenants = Object.keys(daily)

const budgets: ReadonlyArray<Budget.Options> = [
  { name: "company", monthly: "500 USD" },
  ...Object.entries(daily).map(([tenant, limit]): Budget.Options => ({
    name: "tenants",
    daily: limit,
    per: Budget.only(Budget.perTenant, [tenant]),
  })),
]

/** An attempt must fit under the limit of its tenant and under that of the company, or it is not made. */
export const model = OpenAiLanguageModel.model("gpt-6.1-terra", { maxOutputTokens: 1_000 }).pipe(
  Retry.schedule(Retry.standard),
  Budget.enforceAll(budgets),
  Deadline.total("1 minute"),
)
