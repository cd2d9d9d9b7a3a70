/**
 * A model on an endpoint of a vendor's SDK: from the settings and the request to the parts of the answer.
 *
 * @since 0.1.0
 */
import { Effect, type Result, type Scope, Stream } from "effect"
import { type AiError, type LanguageModel, Prompt, type Response } from "effect/ai"

import { type CommonSettings, type PricedAs } from "../internal/call/types.ts"
import { refuseExpired } from "../internal/files/expiry.ts"
import { jsonPrompt } from "../internal/model/jsonPrompt.ts"
import { gathered, readingWhole } from "./AnswerModes.ts"
import { AnswerEvents } from "./AnswerResponse.ts"
import { canonicalToolCalls, type EventReader, mapEvents } from "./EventReader.ts"
import { wellFormed } from "./Json.ts"
import {
  type ProviderFailure,
  type ProviderModel,
  type ProviderReply,
  type ProviderRequest,
  UnsupportedOption,
} from "./ProviderModel.ts"

/**
 * What is to be sent, and how its answer is read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Prepared<out Body, out State> {
  readonly body: Body
  /** The state of an answer that came with these headers. */
  readonly state: (headers: Readonly<Record<string, string>>) => State
  /** Puts a tool call into the form that the tool's own schema has; see `ToolForms`. */
  readonly canonical: <Part extends Response.AllPartsEncoded>(part: Part) => Effect.Effect<Part>
}

/**
 * What a vendor calls the settings that all vendors know.
 *
 * **Details**
 *
 * The name of the field in the vendor's own settings, or why the API has no such setting and what to do instead.
 *
 * @since 0.1.0
 * @category models
 */
export type SettingNames<Settings> = {
  readonly [Name in keyof Required<CommonSettings>]: (keyof Settings & string) | { readonly unsupported: string }
}

/**
 * What one vendor's model is made of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Settings, Body, State> {
  readonly provider: string
  readonly model: string
  /** Under which name the options of prompts stand. The provider's if left out. */
  readonly optionKey?: string | undefined
  readonly account?: string | undefined
  readonly pricedAs?: PricedAs | undefined
  readonly codecTransformer: LanguageModel.CodecTransformer
  /** The settings of the running request. */
  readonly settings: Effect.Effect<Settings>
  /** How the settings of the request, which go before those of the model, are called in `Settings`. */
  readonly settingNames: SettingNames<Settings>
  /** Makes the request, or says which option the model cannot take. */
  readonly prepare: (
    request: ProviderRequest,
    settings: Settings,
  ) => Effect.Effect<Prepared<Body, State>, ProviderFailure>
  /** Sends a request that is answered as a whole. */
  readonly once: (body: Body) => Effect.Effect<ProviderReply<unknown>, AiError.AiError>
  /** Sends a request that is answered event by event. */
  readonly open: (
    body: Body,
  ) => Effect.Effect<ProviderReply<Stream.Stream<unknown, AiError.AiError>>, AiError.AiError, Scope.Scope>
  /** Has the tokens of a request counted; absent where the vendor does not count. */
  readonly count?: ((body: Body) => Effect.Effect<number, AiError.AiError>) | undefined
  readonly answerParts: (answer: unknown, state: State) => Result.Result<Array<Response.PartEncoded>, AiError.AiError>
  readonly reader: (state: State) => EventReader
}

/**
 * A request that is ready to be sent, now or in a batch, and how its answer is read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ready<out Body> {
  readonly body: Body
  /** Reads an answer that came as a whole, with the headers that it came with, if it had any. */
  readonly read: (
    answer: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Effect.Effect<ProviderReply<Array<Response.PartEncoded>>, AiError.AiError>
}

/**
 * A model that can also prepare a request without sending it. `generate` sends what this prepares, and reads with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SdkModel<out Body> extends ProviderModel {
  readonly prepare: (request: ProviderRequest) => Effect.Effect<Ready<Body>, ProviderFailure>
}

/**
 * Makes a model. Its settings are read once for every request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <Settings extends { readonly maxOutputTokens?: number | undefined }, Body, State>(
  options: Options<Settings, Body, State>,
): SdkModel<Body> => {
  const { answerParts, codecTransformer, count, model, once, open, prepare, provider, reader, settings } = options
  const key = options.optionKey ?? provider
  const prepared = (request: ProviderRequest) =>
    Effect.flatMap(settings, (current) =>
      Effect.flatMap(merged(options, request, current), (all) => prepare(asJson(request), all)),
    ).pipe(
      Effect.tap(() => refuseExpired(request.options.prompt, { key, provider })),
      // Descriptions, schemas and settings may be cut texts too.
      Effect.map((ready) => ({ ...ready, body: wellFormed(ready.body) })),
      Effect.mapError((failure) => inNeutralNames(failure, request.settings, options.settingNames)),
    )
  const readWhole = Effect.fnUntraced(function* (
    { canonical, state }: Prepared<Body, State>,
    answer: unknown,
    headers: Readonly<Record<string, string>>,
  ) {
    if (answer instanceof AnswerEvents) {
      const parts = mapEvents(Stream.fromArray(answer.events), reader(state(headers)), canonical)
      return { headers, parts: gathered(yield* Stream.runCollect(parts)) }
    }
    const parts = yield* Effect.fromResult(answerParts(answer, state(headers)))
    return { headers, parts: yield* canonicalToolCalls(parts, canonical) }
  })
  const ready = (request: ProviderRequest): Effect.Effect<Ready<Body>, ProviderFailure> =>
    Effect.map(prepared(request), (made) => ({
      body: made.body,
      read: (answer, headers = {}) => readWhole(made, answer, headers),
    }))
  return {
    provider,
    model,
    account: options.account,
    pricedAs: options.pricedAs,
    settings,
    codecTransformer,
    prepare: ready,
    count: count && ((request) => Effect.flatMap(prepared(request), ({ body }) => count(body))),
    generate: Effect.fnUntraced(function* (request) {
      const { body, read } = yield* ready(request)
      const { headers, parts: answer } = yield* once(body)
      return yield* read(answer, headers)
    }),
    stream: Effect.fnUntraced(function* (request) {
      const { body, canonical, state } = yield* prepared(request)
      const { headers, parts } = yield* open(body)
      const current = state(headers)
      const reading = readingWhole(reader(current), (answer) => answerParts(answer, current))
      return { headers, parts: mapEvents(parts, reading, canonical) }
    }),
  }
}

// Before the body is made of it: there the arguments of calls are JSON in a text, in which half a pair is an escape.
const asJson = (request: ProviderRequest): ProviderRequest => {
  const { incrementalPrompt, prompt, tools } = request.options
  const mended = (given: Prompt.Prompt): Prompt.Prompt => inWholeCharacters(jsonPrompt(given, tools))
  const options = { ...request.options, prompt: mended(prompt) }
  return {
    ...request,
    options: incrementalPrompt === undefined ? options : { ...options, incrementalPrompt: mended(incrementalPrompt) },
  }
}

const inWholeCharacters = (prompt: Prompt.Prompt): Prompt.Prompt => {
  const content = wellFormed(prompt.content)
  return content === prompt.content ? prompt : Prompt.fromMessages(content)
}

const neutralNames = ["maxOutputTokens", "temperature", "topP", "stop", "seed"] as const

const merged = <Settings extends object, Body, State>(
  { model, provider, settingNames }: Pick<Options<Settings, Body, State>, "model" | "provider" | "settingNames">,
  request: ProviderRequest,
  own: Settings,
): Effect.Effect<Settings, UnsupportedOption> => {
  const laid: Partial<Record<keyof Settings, unknown>> = {}
  for (const option of neutralNames) {
    const value = request.settings[option]
    const name = settingNames[option]
    if (value === undefined) continue
    if (typeof name !== "string") {
      return Effect.fail(new UnsupportedOption({ provider, model, option, explanation: name.unsupported }))
    }
    laid[name] = value
  }
  return Effect.succeed({ ...own, ...laid })
}

// The caller wrote the neutral name.
const inNeutralNames = <Settings>(
  failure: ProviderFailure,
  settings: CommonSettings,
  names: SettingNames<Settings>,
): ProviderFailure => {
  if (failure._tag !== "UnsupportedOption") return failure
  const option = neutralNames.find((name) => settings[name] !== undefined && names[name] === failure.option)
  if (option === undefined || option === failure.option) return failure
  const { explanation, model, provider } = failure
  return new UnsupportedOption({ provider, model, option, explanation })
}
