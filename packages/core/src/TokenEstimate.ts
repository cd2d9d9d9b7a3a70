/**
 * How many tokens a text or a request will be, roughly and at once.
 *
 * The tokenizers of the vendors are megabytes of tables, differ from model to model, and take longer than linear time on
 * hostile texts. A reservation that is settled after the call needs no such precision: a count of characters by script is
 * within a fifth for English, code, Chinese, Japanese and emoji, and too high rather than too low for Russian.
 *
 * @since 0.1.0
 */
import { Result, type Schema } from "effect"
import { type Prompt, type Tool } from "effect/ai"

import { type ModelRequest } from "./internal/call/types.ts"
import { type Options, type TokenEstimate as Estimate } from "./Operation.ts"
import * as JsonSchemas from "./provider/JsonSchemas.ts"

/**
 * The tokens of a request and of its answer.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenEstimate = Estimate

/**
 * The tokens of a text, a whole number.
 *
 * **Details**
 *
 * A quarter of a token for an ASCII character, 0.42 for letters of other alphabets, 0.75 for signs of East Asia, and 1.6
 * for what lies beyond the basic plane, such as emoji. Measured against `o200k_base`: code +1 %, prose +17 %, JSON -16 %,
 * Chinese +15 %, Japanese +3 %, Russian +63 %, emoji -17 %. Reads each character once.
 *
 * **Example** (A sentence)
 *
 * ```ts
 * import { TokenEstimate } from "@holdfast/core"
 *
 * TokenEstimate.ofText("Why do ships float?") // => 5
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofText = (text: string): number => Math.ceil(weightOf(text))

/**
 * The tokens of a request with all its messages, files, tools and the schema of the answer, and those of an answer of
 * usual length.
 *
 * **Details**
 *
 * - The newer tokenizer of Anthropic makes about 1.45 times as many tokens of a text, that of the models before Claude 4.7
 *   about 1.15 times; others count as `o200k_base`. A tenth is added to all.
 * - Files are guessed by their size: 1,600 tokens for a picture, 2,000 for 50 kB of a PDF (a page or so), 32 for 16 kB of sound
 *   (a second), 263 for 250 kB of film (a second), and 1,600 for what is only linked to.
 * - An answer is taken to have 500 tokens. How long it may become at most is known to the provider's model alone.
 *
 * **Gotchas**
 *
 * It is for setting aside what is settled afterwards. Money and context windows want the counts of the provider.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofRequest = (
  { options }: ModelRequest<"chat">,
  source?: { readonly provider: string; readonly model: string },
): TokenEstimate => ofOptions(options, source)

/** @internal */
export const ofOptions = (
  options: Options<"chat">,
  source?: { readonly provider: string; readonly model: string },
): TokenEstimate => {
  let weight = perReply
  for (const message of options.prompt.content) weight += perMessage + weightOfMessage(message)
  for (const tool of options.tools) weight += weightOfTool(tool)
  if (options.responseFormat.type === "json") weight += weightOfSchema(options.responseFormat.schema)
  return { input: Math.ceil(weight * margin * factorOf(source)), output: usualAnswer }
}

// OpenAI's cookbook counts 3 to 4 tokens around each message and 3 before the reply.
const perMessage = 4
const perReply = 3

const margin = 1.1

const usualAnswer = 500

const factorOf = (source: { readonly provider: string; readonly model: string } | undefined): number => {
  if (source === undefined || !(source.provider === "anthropic" || source.model.includes("claude"))) return 1
  return oldClaude.test(source.model) ? 1.15 : 1.45
}

const oldClaude = /claude-(2|3|(opus|sonnet|haiku)-4(-[0-6])?(-\d{8})?$)/

/** The tokens of a text before they are rounded. */
export const weightOf = (text: string): number => {
  let ascii = 0
  let other = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x80) ascii++
    else if (code < 0x2e80) other += 0.42
    else if (isPair(text, index, code)) {
      other += 1.6
      index++
    } else other += 0.75
  }
  return ascii / 4 + other
}

// Half a pair is a character like any other.
const isPair = (text: string, index: number, code: number): boolean =>
  code >= 0xd800 && code <= 0xdbff && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00

const weightOfMessage = ({ content }: Prompt.Message): number => {
  if (typeof content === "string") return weightOf(content)
  let weight = 0
  for (const part of content) weight += weightOfPart(part)
  return weight
}

const weightOfPart = (part: Exclude<Prompt.Message["content"], string>[number]): number => {
  switch (part.type) {
    case "text":
    case "reasoning":
      return weightOf(part.text)
    case "file":
      return weightOfFile(part)
    case "tool-call":
      return weightOf(part.name) + weightOfJson(part.params)
    case "tool-result":
      return weightOf(part.name) + weightOfJson(part.result)
    default:
      return 0
  }
}

const perFile = 1_600

const weightOfFile = ({ data, mediaType }: Prompt.FilePart): number => {
  if (data instanceof URL) return perFile
  // Text is base64 here.
  const bytes = typeof data === "string" ? data.length * 0.75 : data.byteLength
  if (mediaType.startsWith("image/")) return perFile
  if (mediaType.startsWith("audio/")) return (bytes / 16_000) * 32
  if (mediaType.startsWith("video/")) return (bytes / 250_000) * 263
  if (mediaType === "application/pdf") return 2_000 * Math.ceil(bytes / 50_000)
  return bytes / 4
}

const weightOfJson = (value: unknown): number =>
  Result.match(
    Result.try(() => JSON.stringify(value) ?? ""),
    { onFailure: () => 0, onSuccess: weightOf },
  )

// A schema that has no JSON form is refused by the provider, and no business of an estimate.
const weightOfForm: (form: Result.Result<unknown, unknown>) => number = Result.match({
  onFailure: () => 0,
  onSuccess: weightOfJson,
})

const weightOfTool = JsonSchemas.memoize(
  (tool: Tool.Any): number =>
    perMessage + weightOf(tool.name) + weightOf(tool.description ?? "") + weightOfForm(JsonSchemas.ofTool(tool)),
)

const weightOfSchema = JsonSchemas.memoize((schema: Schema.Constraint): number =>
  weightOfForm(JsonSchemas.ofSchema(schema)),
)
