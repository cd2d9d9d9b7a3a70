/**
 * What a vendor's batch API has to bring: how a request becomes an item of a batch, how a batch is made, found again, watched
 * and read. Jobs that survive their process are made of it once, in `@holdfast/batch`, for every operation.
 *
 * @since 0.1.0
 */
import { Effect, Stream } from "effect"
import { type AiError } from "effect/ai"

import { type CallFailure as ChatFailure, type EmbeddingFailure } from "../internal/attempt/failure.ts"
import { type PricedAs } from "../internal/call/types.ts"
import { type Kind } from "../Operation.ts"
import { type Resilient } from "../Resilient.ts"
import * as ResilientEmbeddingModel from "../ResilientEmbeddingModel.ts"
import * as ResilientModel from "../ResilientModel.ts"
import { streamed } from "./AnswerModes.ts"
import { type EmbeddingAnswer, type EmbeddingRequest } from "./ProviderEmbeddingModel.ts"
import {
  type ProviderModel,
  type ProviderReply,
  type ProviderRequest,
  type RequestFailure,
  UnsupportedOption,
} from "./ProviderModel.ts"
import { type SdkEmbeddingModel } from "./SdkEmbeddingModel.ts"
import { type SdkModel } from "./SdkModel.ts"

/**
 * One item as it is sent: its name within the batch, and the body that a live request would have.
 *
 * @since 0.1.0
 * @category models
 */
export interface Item {
  /** Unique in its batch; letters, digits, `-` and `_`, 64 at most, which every vendor takes. */
  readonly id: string
  readonly body: unknown
}

/**
 * A request in the form of an item, and how its answer is read: as a live answer is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Prepared<out Answer> {
  readonly body: unknown
  /** How many texts it asks vectors for; absent where the operation has none. */
  readonly texts?: number | undefined
  /** Reads the body of an answer. */
  readonly read: (answer: unknown) => Effect.Effect<Answer, AiError.AiError>
}

/**
 * How a request that is prepared gets its answer. A job has two of them: one takes the body down and goes no further, the other
 * one reads what the batch said.
 *
 * @since 0.1.0
 * @category models
 */
export type Exchange = <A, E>(prepared: Effect.Effect<Prepared<A>, E>) => Effect.Effect<A, E | AiError.AiError>

/**
 * How a request of an operation can fail. The answers of a chat alone may be cut.
 *
 * @since 0.1.0
 * @category utility types
 */
export type CallFailure<K extends Kind> = K extends "chat" ? ChatFailure : EmbeddingFailure

/**
 * What a vendor says of one item when a batch is over.
 *
 * **Details**
 *
 * `Answered` has the body that a live request would have been answered with. `Refused` was not answered, or its line cannot be
 * read; whether it is billed is what `Failure` says of its error. `Unreadable` is a line that does not say which item it is of:
 * an item without a line of its own may have been answered there, and then `missing` of the status does not hold for it. Items
 * of which no line says anything are not told of here, and lines of items that nobody sent may come.
 *
 * @since 0.1.0
 * @category models
 */
export type Line =
  | { readonly _tag: "Answered"; readonly id: string; readonly body: unknown }
  | { readonly _tag: "Refused"; readonly id: string; readonly error: AiError.AiError }
  | { readonly _tag: "Canceled"; readonly id: string }
  | { readonly _tag: "Expired"; readonly id: string }
  | { readonly _tag: "Unreadable"; readonly error: AiError.AiError }

/**
 * How a batch stands.
 *
 * **Details**
 *
 * `invalid` are the items that the vendor refuses to take, by their ids, where it fails the whole batch for them: without them
 * the rest can be sent again. `missing` says what an item costs of which no line tells when the batch is over: nothing, or
 * something between nothing and its worst case.
 *
 * @since 0.1.0
 * @category models
 */
export interface Status {
  readonly state: "running" | "ended" | "failed"
  /** The vendor's own word for it. */
  readonly vendorState: string
  readonly counts: { readonly total: number; readonly succeeded: number; readonly failed: number } | undefined
  readonly invalid: ReadonlyArray<{ readonly id: string; readonly message: string }>
  /** Why a batch failed as a whole. */
  readonly error: AiError.AiError | undefined
  readonly missing: "free" | "unknown"
}

/**
 * A batch that may be the one that is looked for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Candidate {
  readonly id: string
  /** Unix milliseconds. */
  readonly createdAt: number
  /** Whether the vendor's list shows the name; otherwise only time and number of items fit. */
  readonly certain: boolean
}

/**
 * What one batch takes at most; larger inputs are split.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  readonly items: number
  readonly bytes: number
  /** Texts of all items together. No limit if left out. */
  readonly texts?: number | undefined
}

/**
 * The batch API of one vendor, for one model of one operation.
 *
 * **Details**
 *
 * - Every function is exactly one logical step and is never repeated by the provider itself. `create` is not idempotent at any vendor:
 *   who calls it writes down before that it is about to, and asks `find` when it does not know how it went.
 * - Addresses that a server gives are never asked with the key unless their host is the API's.
 *
 * @since 0.1.0
 * @category models
 */
export interface BatchProvider<in out K extends Kind> {
  readonly operation: K
  readonly provider: string
  readonly model: string
  readonly account?: string | undefined
  readonly pricedAs?: PricedAs | undefined
  /** The model whose requests are answered by an exchange: prompts, settings and answers are those of the live one. */
  readonly via: (exchange: Exchange) => Resilient<K, CallFailure<K>>
  readonly limits: Limits
  /** Bytes that an item takes in what is sent. */
  readonly sizeOf: (item: Item) => number
  /** Sends the items ahead, where the vendor wants a file, and gives its id. Repeated, it makes a second file, which costs nothing. */
  readonly upload: ((items: Stream.Stream<Item>, name: string) => Effect.Effect<string, AiError.AiError>) | undefined
  /** Makes the batch, and gives its id. */
  readonly create: (options: {
    readonly name: string
    /** What `upload` gave, where there is one. */
    readonly file: string | undefined
    /** The items, where there is no `upload`. */
    readonly items: Stream.Stream<Item>
  }) => Effect.Effect<string, AiError.AiError>
  /** Batches that `create` may have made under this name, the newest first. */
  readonly find: (options: {
    readonly name: string
    /** Not made before; Unix milliseconds. */
    readonly since: number
    readonly items: number
  }) => Effect.Effect<ReadonlyArray<Candidate>, AiError.AiError>
  readonly status: (batch: string) => Effect.Effect<Status, AiError.AiError>
  /** All lines, in any order, from the beginning each time. Memory is bounded by the longest line, which is bounded, too. */
  readonly results: (batch: string) => Stream.Stream<Line, AiError.AiError>
  /** Asks for an end. What is under way may still be answered and billed: the results say so. */
  readonly cancel: (batch: string) => Effect.Effect<void, AiError.AiError>
  /** Removes what was uploaded. */
  readonly forget: (file: string) => Effect.Effect<void, AiError.AiError>
}

/**
 * What a batch API has of its model.
 *
 * @since 0.1.0
 * @category utility types
 */
export type OfModel<K extends Kind> = Pick<
  BatchProvider<K>,
  "account" | "model" | "operation" | "pricedAs" | "provider" | "via"
>

const label = { name: "BatchProvider", settings: {} }

/**
 * What a batch API has of the language model whose requests it takes: items are prepared and answers are read as live ones are.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofModel = ({
  account,
  codecTransformer,
  model,
  prepare,
  pricedAs,
  provider,
  settings,
}: Pick<
  SdkModel<unknown>,
  "account" | "codecTransformer" | "model" | "prepare" | "pricedAs" | "provider" | "settings"
>): OfModel<"chat"> => ({
  operation: "chat",
  provider,
  model,
  account,
  pricedAs,
  via: (exchange) => {
    const generate = (request: ProviderRequest) =>
      exchange(Effect.map(prepare(request), ({ body, read }) => ({ body, read: (answer: unknown) => read(answer) })))
    const answering: ProviderModel = {
      provider,
      model,
      account,
      pricedAs,
      codecTransformer,
      settings,
      generate,
      stream: (request) =>
        Effect.map(generate(request), ({ headers, parts }) => ({ headers, parts: Stream.fromArray(streamed(parts)) })),
    }
    return ResilientModel.fromProvider(Effect.succeed(answering), label)
  },
})

/**
 * What a batch API has of the embedding model whose requests it takes. The texts of one request are one item, and are not cut:
 * more of them than the model takes at once are refused.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofEmbeddingModel = ({
  account,
  limits,
  model,
  prepare,
  pricedAs,
  provider,
  settings,
}: Omit<SdkEmbeddingModel, "embed">): OfModel<"embeddings"> => {
  const most = limits?.maxInputs ?? Infinity
  const explanation = `an item of a batch takes ${most} text${most === 1 ? "" : "s"}; make several items of them`
  const refused = new UnsupportedOption({ provider, model, option: "inputs", explanation })
  const prepared = (
    request: EmbeddingRequest,
  ): Effect.Effect<Prepared<ProviderReply<EmbeddingAnswer>>, RequestFailure> => {
    const texts = request.inputs.length
    return texts > most ? Effect.fail(refused) : Effect.map(prepare(request), (ready) => ({ ...ready, texts }))
  }
  return {
    operation: "embeddings",
    provider,
    model,
    account,
    pricedAs,
    via: (exchange) =>
      ResilientEmbeddingModel.fromProvider(
        Effect.succeed({
          provider,
          model,
          account,
          pricedAs,
          settings,
          embed: (request) => exchange(prepared(request)),
        }),
        label,
      ),
  }
}
