import { type MediaTokens, type MediaUsage } from "@holdfast/core/MediaUsage"
import { isError } from "@holdfast/core/provider/AnswerBody"
import { isTooDeep } from "@holdfast/core/provider/Bounds"
import { count, field, list, text } from "@holdfast/core/provider/Json"
import { malformed, type Origin, undecodable } from "@holdfast/core/provider/ProviderError"
import { type Answer, type MediaKind } from "@holdfast/core/provider/ProviderMediaModel"
import { type ProviderReply } from "@holdfast/core/provider/ProviderModel"
import * as SdkMediaModel from "@holdfast/core/provider/SdkMediaModel"
import { scrubbed } from "@holdfast/core/provider/Secrets"
import { type Effect, Result } from "effect"
import { AiError } from "effect/ai"

import { isThought } from "../answer/parts.ts"
import { candidateOf } from "../answer/state.ts"
import { usage as tokensOf } from "../answer/usage.ts"
import { fromErrorObject } from "../failure.ts"
import { type ContentBody, type Transport } from "../transport.ts"

/** What an answer holds beside thoughts, and what was counted of it. */
export interface Generated {
  readonly parts: ReadonlyArray<unknown>
  readonly usage: MediaUsage
  readonly responseModel: string | undefined
  readonly responseId: string | undefined
}

/** Sends a request, and reads its answer. */
export const asked = <K extends MediaKind>(
  { content }: Pick<Transport, "content">,
  body: ContentBody,
  read: (answer: Generated) => Answer<K>,
): Effect.Effect<ProviderReply<Answer<K>>, AiError.AiError> =>
  SdkMediaModel.reading(content.once(body), (answer) => Result.map(generated(content.origin(body.model), answer), read))

/** What is in a body of status 200. What was blocked, and what was broken off, is a failure. */
const generated = (origin: Origin, body: unknown): Result.Result<Generated, AiError.AiError> => {
  if (isTooDeep(body)) return Result.fail(malformed(origin, "the answer is nested too deeply", true))
  const error = field(body, "error")
  if (isError(error)) return Result.fail(fromErrorObject(origin, error))
  const candidate = candidateOf(body)
  const blocked = text(field(body, "promptFeedback"), "blockReason")
  if (candidate === undefined && blocked === undefined) {
    return Result.fail(malformed(origin, "the answer has no candidates", true))
  }
  const reason = text(candidate, "finishReason")
  const filtered = reason !== undefined && filters.test(reason) ? reason : blocked
  if (filtered !== undefined) return Result.fail(refused(origin, filtered))
  if (reason === "MAX_TOKENS") return Result.fail(undecodable(origin, "an answer that was cut at the token limit"))
  return Result.succeed({
    parts: list(field(candidate, "content"), "parts").filter((part) => !isThought(part)),
    usage: { requests: 1, ...usageOf(field(body, "usageMetadata")) },
    responseModel: scrubbed(text(body, "modelVersion"), origin.scrub),
    responseId: scrubbed(text(body, "responseId"), origin.scrub),
  })
}

const filters = /SAFETY|PROHIBITED|RECITATION|BLOCKLIST|SPII/

const refused = ({ method, module, provider }: Origin, reason: string): AiError.AiError =>
  AiError.make({
    module,
    method,
    reason: new AiError.ContentPolicyError({
      description: `Gemini declined: ${reason.slice(0, 100)}`,
      metadata: { holdfast: { kind: "fatal", provider, billed: true } },
    }),
  })

/** The usage by what the tokens are of. Thoughts are text that was generated. */
const usageOf = (raw: unknown): MediaUsage => {
  const { inputTokens, outputTokens } = tokensOf(raw)
  const thoughts = outputTokens.reasoning ?? 0
  return {
    inputTokens: inputOf(raw, inputTokens.total),
    outputTokens: outputOf(raw, outputTokens.total, thoughts),
  }
}

type Total = number | undefined

const inputOf = (raw: unknown, total: Total): MediaTokens => {
  const of = modalities(raw, ["promptTokensDetails", "toolUsePromptTokensDetails"])
  if (of === undefined) return { total }
  const from = modalities(raw, ["cacheTokensDetails"])
  const cachedAudio = Math.min(from?.("AUDIO") ?? 0, of("AUDIO"))
  const cachedImage = Math.min(from?.("IMAGE") ?? 0, of("IMAGE"))
  const cachedText = Math.max((count(raw, "cachedContentTokenCount") ?? 0) - cachedAudio - cachedImage, 0)
  return {
    total,
    text: of("TEXT") + of("DOCUMENT") - cachedText,
    image: of("IMAGE") + of("VIDEO") - cachedImage,
    audio: of("AUDIO") - cachedAudio,
    cached: cachedText + cachedImage,
    cachedAudio,
  }
}

const outputOf = (raw: unknown, total: Total, thoughts: number): MediaTokens => {
  const of = modalities(raw, ["candidatesTokensDetails"])
  if (of === undefined) return { total }
  return { total, text: of("TEXT") + thoughts, image: of("IMAGE"), audio: of("AUDIO") }
}

/** The tokens of each kind of content; `undefined` where nothing is told of them. */
const modalities = (raw: unknown, keys: ReadonlyArray<string>): ((name: string) => number) | undefined => {
  const details = keys.flatMap((key) => list(raw, key))
  if (details.length === 0) return undefined
  return (name) =>
    details.reduce<number>(
      (sum, each) => sum + (field(each, "modality") === name ? (count(each, "tokenCount") ?? 0) : 0),
      0,
    )
}
