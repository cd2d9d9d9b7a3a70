import { count, record } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { Effect } from "effect"
import { type AiError } from "effect/ai"

import { type ContentBody, type Transport } from "../transport.ts"

/**
 * Has the tokens of a request counted, with its system instruction and its tools. The SDK refuses to send these, so that what it counts is
 * too low.
 */
export const counted =
  ({ apiVersion, content, project, rest }: Pick<Transport, "apiVersion" | "content" | "project" | "rest">) =>
  (body: ContentBody): Effect.Effect<number, AiError.AiError> => {
    const model = resourceOf(body.model)
    // At Vertex AI models are below the project and their publisher.
    const path = `/${apiVersion}${project === undefined ? "" : `/${project}/publishers/google`}/${model}:countTokens`
    return content.wireBody(body).pipe(
      Effect.flatMap((request) =>
        rest.json({
          method: "POST",
          path,
          body: project === undefined ? { generateContentRequest: { model, ...record(request) } } : request,
        }),
      ),
      Effect.flatMap((answer) => {
        const tokens = count(answer, "totalTokens")
        return tokens === undefined
          ? Effect.fail(malformed(rest.origin(path), "a count without a number", false))
          : Effect.succeed(tokens)
      }),
    )
  }

/** A model as resources name it: `models/gemini-3.8-flash`. */
export const resourceOf = (model: string): string => (model.includes("/") ? model : `models/${model}`)
