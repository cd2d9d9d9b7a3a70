/**
 * The stack of the demo: each model with its own deadlines and retries, one falling back to the next, and a ledger of it all.
 */
import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { Deadline, Fallback, type ResilientModel, ResilientModel as Resilient, Retry } from "@holdfast/core"
import { Budget, type Ledger } from "@holdfast/cost"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Context, type Effect, flow, type Redacted } from "effect"

/** All the ways in which the demo's model can fail; the compiler has counted them. */
export type Failure = Attempted | Fallback.AllModelsFailed | Budget.Refusal

type Attempted = ResilientModel.CallFailure | Deadline.FirstPartExceeded | Deadline.DeadlineExceeded

export interface Named {
  readonly name: string
  readonly model: ResilientModel.ResilientModel<Attempted>
}

/** What the acts of the demo need. */
export class Providers extends Context.Service<
  Providers,
  {
    readonly models: ReadonlyArray<Named>
    /** All models, in their order of preference. */
    readonly model: ResilientModel.ResilientModel<Failure, Ledger.Ledger>
    readonly question: string
    readonly prompts: number
    /** Sets the stage for an act; on the real providers the stage is as it is. */
    readonly stage: (act: "streaming" | "extraction" | "tool" | "image" | "bulk" | "budget") => Effect.Effect<void>
  }
>()("demo/Providers") {}

export interface Endpoint {
  readonly apiKey: Redacted.Redacted
  readonly apiUrl?: string | undefined
}

/** The longest answer, so that budgets know what a call may cost. */
const maxOutputTokens = 2_000

const careful = flow(
  Deadline.firstPart({ stream: "20 seconds", generate: "60 seconds" }),
  Deadline.betweenParts("20 seconds"),
  Retry.schedule(Retry.standard),
)

export const openai = (endpoint: Endpoint): Named => ({
  name: "gpt-6.1-terra",
  model: careful(OpenAiLanguageModel.model("gpt-6.1-terra", { maxOutputTokens })).pipe(
    Resilient.connect(OpenAiClient.layer(endpoint)),
  ),
})

export const anthropic = (endpoint: Endpoint): Named => ({
  name: "claude-sonnet-5-5",
  model: careful(AnthropicLanguageModel.model("claude-sonnet-5-5", { maxOutputTokens })).pipe(
    Resilient.connect(AnthropicClient.layer(endpoint)),
  ),
})

export const google = (endpoint: Endpoint): Named => ({
  name: "gemini-3.8-flash",
  model: careful(GoogleLanguageModel.model("gemini-3.8-flash", { maxOutputTokens })).pipe(
    Resilient.connect(GoogleClient.layer(endpoint)),
  ),
})

/** The first model, with the others to fall back to. What each attempt costs is taken down. */
export const preferring = (
  models: readonly [Named, ...Array<Named>],
): ResilientModel.ResilientModel<Failure, Ledger.Ledger> => {
  const [first, ...others] = models
  return others
    .reduce<ResilientModel.ResilientModel<Attempted | Fallback.AllModelsFailed>>(
      (stack, { model }) => stack.pipe(Fallback.to(model)),
      first.model,
    )
    .pipe(Budget.record(), Deadline.total("2 minutes"))
}
