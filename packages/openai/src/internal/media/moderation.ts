import { field, list, record, text } from "@holdfast/core/provider/Json"
import {
  type Answer,
  type Content,
  type ProviderMediaModel,
  type Request,
} from "@holdfast/core/provider/ProviderMediaModel"
import * as SdkMediaModel from "@holdfast/core/provider/SdkMediaModel"
import { scrubbed } from "@holdfast/core/provider/Secrets"
import { Effect, Predicate } from "effect"
import * as Base64 from "effect/encoding/Base64"
import type { OpenAI } from "openai"

import { type ModerationBody, type Transport } from "../transport.ts"
import { checked } from "./answer.ts"

type Part = OpenAI.ModerationMultiModalInput

/** A model on the endpoint for moderation, which costs nothing. */
export const moderationModel = (
  client: Pick<Transport, "media"> & SdkMediaModel.Client,
  model: string,
): ProviderMediaModel<"moderation"> =>
  SdkMediaModel.make({
    client,
    model,
    // It has none.
    settings: Effect.succeed({}),
    prepare: ({ request: { inputs } }, refusals) => {
      if (model.startsWith("text-") && !inputs.every(Predicate.isString)) {
        refusals.option("inputs", 'this model reads texts only; "omni-moderation-latest" looks at images, too')
      }
      return bodyOf(model, inputs)
    },
    send: (body) => {
      const { once, origin } = client.media.moderations
      return SdkMediaModel.reading(once(body), (answer) =>
        checked(origin, answer, (found) => answerOf(found, origin.scrub)),
      )
    },
  })

const bodyOf = (model: string, inputs: Request<"moderation">["inputs"]): ModerationBody => ({
  model,
  input: inputs.every(Predicate.isString) ? [...inputs] : inputs.map(partOf),
})

const partOf = (input: Request<"moderation">["inputs"][number]): Part => {
  if (Predicate.isString(input)) return { type: "text", text: input }
  const { image } = input
  const url = image instanceof URL ? image.href : `data:${image.mediaType};base64,${Base64.encode(image.data)}`
  return { type: "image_url", image_url: { url } }
}

const answerOf = (body: unknown, scrub: (text: string) => string): Answer<"moderation"> | string => {
  const results = list(body, "results")
  const isJudged = results.length > 0 && results.every((result) => Predicate.isBoolean(field(result, "flagged")))
  if (!isJudged) return "an answer without a judgement"
  return {
    content: [together(results)],
    usage: { requests: 1 },
    responseModel: scrubbed(text(body, "model"), scrub),
    responseId: scrubbed(text(body, "id"), scrub),
  }
}

/** Several texts have a result each, and a category of one is one of all. */
const together = (results: ReadonlyArray<unknown>): Content<"moderation"> => {
  const categories: Record<string, boolean> = Object.create(null)
  const scores: Record<string, number> = Object.create(null)
  for (const result of results) {
    for (const [name, applies] of entries(result, "categories")) {
      if (Predicate.isBoolean(applies)) categories[name] = applies || categories[name] === true
    }
    for (const [name, score] of entries(result, "category_scores")) {
      if (Predicate.isNumber(score)) scores[name] = Math.max(score, scores[name] ?? 0)
    }
  }
  return {
    type: "moderation",
    flagged: results.some((result) => field(result, "flagged") === true),
    categories,
    scores,
  }
}

const entries = (value: unknown, key: string) => Object.entries(record(field(value, key)) ?? {})
