/**
 * What of a request becomes tokens.
 */

import { Result, type Schema } from "effect"
import { type LanguageModel, type Prompt, Tool } from "effect/ai"

import { type Options } from "../../Operation.ts"
import * as JsonSchemas from "../../provider/JsonSchemas.ts"
import { type TokenFamily } from "./family.ts"
import { mediaContents, type Units } from "./mediaContents.ts"

export interface PromptContents {
  readonly texts: ReadonlyArray<string>
  readonly files: ReadonlyArray<Prompt.FilePart>
  /** Messages and tools, each of which costs a few tokens by itself. */
  readonly frames: number
  readonly hasTools: boolean
  /** Tools that the provider runs. What they find is added to the prompt, and how much that is cannot be known. */
  readonly hasProviderTools: boolean
  /** Whether the answer is made of tokens, as that of a chat is. */
  readonly hasAnswer: boolean
  /** How many answers are asked for, each of which may be as long as the model lets it be; one if left out. */
  readonly answers?: number | undefined
  /** How many tokens each of them has at most, where the caller says so. */
  readonly answerTokens?: number | undefined
  /** What is billed otherwise than by tokens, at most. */
  readonly units?: Units | undefined
}

type Chat = Pick<LanguageModel.ProviderOptions, "prompt" | "tools" | "responseFormat">

/** What of the request of any operation becomes tokens. */
export const contentsOf = (
  options: (Chat & NoMedia) | (Pick<Options<"embeddings">, "inputs" | "prompt"> & NoMedia) | Media,
): PromptContents => {
  if (options.media !== undefined) return { ...noContents, ...mediaContents(options) }
  return options.prompt === undefined ? inputContents(options.inputs) : promptContents(options)
}

interface NoMedia {
  readonly media?: undefined
}

type Media = Extract<Options, { readonly media: string }>

const noContents: PromptContents = {
  texts: [],
  files: [],
  frames: 0,
  hasTools: false,
  hasProviderTools: false,
  hasAnswer: false,
}

/** Each text by itself, and no answer in tokens. */
const inputContents = (inputs: ReadonlyArray<string>): PromptContents => ({ ...noContents, texts: inputs })

const promptContents = (options: Chat): PromptContents => {
  const texts: Array<string> = []
  const files: Array<Prompt.FilePart> = []
  for (const message of options.prompt.content) {
    if (typeof message.content === "string") texts.push(message.content)
    else for (const part of message.content) addPart(part, texts, files)
  }
  for (const tool of options.tools) texts.push(toolText(tool))
  if (options.responseFormat.type === "json") texts.push(schemaText(options.responseFormat.schema))
  return {
    texts,
    files,
    frames: options.prompt.content.length + options.tools.length,
    hasTools: options.tools.length > 0,
    hasProviderTools: options.tools.some((tool) => Tool.isProviderDefined(tool)),
    hasAnswer: true,
  }
}

const addPart = (
  part: Exclude<Prompt.Message["content"], string>[number],
  texts: Array<string>,
  files: Array<Prompt.FilePart>,
): void => {
  switch (part.type) {
    case "text":
    case "reasoning":
      texts.push(part.text)
      return
    case "file":
      files.push(part)
      return
    case "tool-call":
      texts.push(part.name, jsonOf(part.params))
      return
    case "tool-result":
      texts.push(part.name, jsonOf(part.result))
      return
    default:
      return
  }
}

// What has no JSON form is refused by the provider, and no business of an estimate.
export const jsonOf = (value: unknown): string =>
  Result.getOrElse(
    Result.try(() => JSON.stringify(value) ?? ""),
    () => "",
  )

export const toolText = JsonSchemas.memoize((tool: Tool.Any): string =>
  Result.match(JsonSchemas.ofTool(tool), {
    onFailure: () => "",
    onSuccess: (schema) => `${tool.name} ${Tool.getDescription(tool) ?? ""} ${jsonOf(schema)}`,
  }),
)

const schemaText = JsonSchemas.memoize((schema: Schema.Constraint): string =>
  Result.match(JsonSchemas.ofSchema(schema), { onFailure: () => "", onSuccess: jsonOf }),
)

// OpenAI's cookbook counts three or four tokens around each message and three before the reply.
const perFrame = 4
const perReply = 3

/** The tokens around messages, tools and the reply. */
export const overheadOf = (contents: PromptContents, { toolPreamble }: TokenFamily): number =>
  contents.frames * perFrame + (contents.hasAnswer ? perReply : 0) + (contents.hasTools ? toolPreamble : 0)
