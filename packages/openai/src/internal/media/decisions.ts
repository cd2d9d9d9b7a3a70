import { field, json, list, text } from "@holdfast/core/provider/Json"
import {
  type Answer,
  type Content,
  type ProviderMediaModel,
  type Request,
} from "@holdfast/core/provider/ProviderMediaModel"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import * as SdkMediaModel from "@holdfast/core/provider/SdkMediaModel"
import { scrubbed } from "@holdfast/core/provider/Secrets"
import { type Effect, Predicate } from "effect"
import { type Decision, type DecisionModel } from "effect/ai"

import { usage } from "../responses/usage.ts"
import { type DecisionBody, type Transport } from "../transport.ts"
import { checked } from "./answer.ts"
import { type DecisionSettings } from "./settings.ts"

type Question = DecisionBody["questions"][number]

/** A model on the endpoint for decisions. */
export const decisionModel = (
  client: Pick<Transport, "media" | "optionKey"> & SdkMediaModel.Client,
  model: string,
  settings: Effect.Effect<DecisionSettings>,
): ProviderMediaModel<"decisions"> => {
  const { optionKey, pricedAs, provider } = client
  const priced = pricedAs(model) ?? { provider, model }
  return SdkMediaModel.make({
    client,
    model,
    // The same model costs something else when it writes texts.
    pricedAs: { ...priced, model: `${priced.model}-decisions` },
    settings,
    prepare: (asked, refusals) => {
      refuse(asked.request, refusals)
      return bodyOf(model, asked.request, asked.settings)
    },
    send: (body, { request }) => {
      const { once, origin } = client.media.decisions
      const read = { optionKey, scrub: origin.scrub }
      return SdkMediaModel.reading(once(body), (answer) =>
        checked(origin, answer, (found) => answerOf(found, request, read)),
      )
    },
  })
}

const maxQuestions = 400

const refuse = ({ decisions }: DecisionModel.ProviderOptions, refusals: Refusals): void => {
  const all = Object.entries(decisions)
  if (all.length > maxQuestions) refusals.option("decisions", `a request takes ${maxQuestions} of them`)
  for (const [name, decision] of all) {
    if (decision._tag === "Locate") {
      refusals.option(
        `decisions.${name}`,
        "the endpoint knows no places in images; a language model does, with ResilientDecisionModel.fromLanguageModel",
      )
    }
    const labels = decision._tag === "Classify" ? Object.keys(decision.criteria).length : 2
    if (labels < 2 || labels > 255) refusals.option(`decisions.${name}`, "it needs 2 to 255 labels")
  }
}

const bodyOf = (
  model: string,
  { decisions, images = [], state }: Request<"decisions">,
  { promptCacheKey, safetyIdentifier }: DecisionSettings,
): DecisionBody => {
  const input = Predicate.isString(state) ? state : JSON.stringify(state)
  return {
    model,
    input:
      images.length === 0
        ? input
        : [{ role: "user", content: [{ type: "input_text", text: input }, ...images.flatMap(partsOf)] }],
    questions: Object.entries(decisions).flatMap(([name, decision]) => questionOf(name, decision)),
    ...(promptCacheKey !== undefined && { prompt_cache_key: promptCacheKey }),
    ...(safetyIdentifier !== undefined && { safety_identifier: safetyIdentifier }),
  }
}

/** An image stands behind the reference by which the input names it. */
const partsOf = ({ image: { data, mediaType }, reference }: DecisionModel.ProviderImage) => {
  const url = data instanceof URL ? data.href : `data:${mediaType};base64,${data}`
  return [
    { type: "input_text" as const, text: `The image ${reference}:` },
    { type: "input_image" as const, image_url: url },
  ]
}

const told = (description: Decision.Description): string =>
  Predicate.isString(description) ? description : JSON.stringify(description)

const questionOf = (name: string, decision: Decision.Any): ReadonlyArray<Question> => {
  const instructions = told(decision.instructions)
  switch (decision._tag) {
    case "Classify": {
      const choices = Object.entries(decision.criteria).map(([value, description]) =>
        description === null ? { value } : { value, description: told(description) },
      )
      return [{ type: "choice", name, instructions, choices }]
    }
    case "Rate": {
      const levels = decision.criteria.map(({ description, label }) => ({ label, description: told(description) }))
      return [{ type: "score", name, instructions, levels }]
    }
    case "Probability": {
      const { criteria } = decision
      const meaning =
        criteria === undefined ? "" : `\nTrue means: ${told(criteria.true)}\nFalse means: ${told(criteria.false)}`
      return [{ type: "predicate", name, instructions: `${instructions}${meaning}` }]
    }
    case "Locate":
      return []
  }
}

interface Reading {
  readonly optionKey: string
  readonly scrub: (text: string) => string
}

const answerOf = (
  body: unknown,
  { decisions }: Request<"decisions">,
  { optionKey, scrub }: Reading,
): Answer<"decisions"> | string => {
  const answers = list(body, "answers")
  const names = Object.keys(decisions)
  if (answers.length === 0) return "an answer without decisions"
  // They come in the order of the questions, and one that says another name belongs to none of them.
  const content = names.flatMap((name, index): Array<Content<"decisions">> => {
    const found = answers[index]
    const decision = decisions[name]
    const answer = (text(found, "name") ?? name) === name && decision !== undefined ? read(decision, found) : undefined
    return answer === undefined ? [] : [{ type: "decision", name, answer }]
  })
  const raw = field(body, "usage")
  return {
    content,
    tokens: usage(raw),
    responseModel: scrubbed(text(body, "model"), scrub),
    metadata: { [optionKey]: { usage: json(raw ?? null) } },
  }
}

const read = (decision: Decision.Any, found: unknown): DecisionModel.ProviderAnswer | undefined => {
  const confidence = field(found, "confidence")
  const sure = Predicate.isNumber(confidence) ? { confidence } : {}
  switch (text(found, "type")) {
    case "refusal":
      return { _tag: "Refusal" }
    case "predicate":
      return { _tag: "Probability", probability: field(found, "probability") as number }
    case "choice":
      return {
        _tag: "Classify",
        label: String(field(found, "choice")),
        probabilities: shares(list(found, "probabilities"), "value"),
        ...sure,
      }
    case "score": {
      const probabilities = shares(list(found, "probabilities"), "label")
      return { _tag: "Rate", rating: ratingOf(decision, probabilities, field(found, "score")), probabilities, ...sure }
    }
    default:
      return undefined
  }
}

const shares = (given: ReadonlyArray<unknown>, key: "value" | "label"): Record<string, number> => {
  const probabilities: Record<string, number> = Object.create(null)
  for (const one of given) {
    const share = field(one, "probability")
    if (Predicate.isNumber(share)) probabilities[String(field(one, key))] = share
  }
  return probabilities
}

/** The mean of the levels, counted from 0 as `effect/ai` does, on whichever scale the vendor has. */
const ratingOf = (decision: Decision.Any, probabilities: Record<string, number>, score: unknown): number => {
  if (decision._tag !== "Rate") return score as number
  const levels = decision.criteria.map(({ label }) => probabilities[label])
  if (levels.includes(undefined)) return score as number
  const total = levels.reduce<number>((sum, share) => sum + (share ?? 0), 0)
  const mean = levels.reduce<number>((sum, share, level) => sum + (share ?? 0) * level, 0) / total
  return Math.min(Math.max(mean, 0), levels.length - 1)
}
