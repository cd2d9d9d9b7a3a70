/**
 * What a vendor's batch API has to bring: how a request becomes an item of a batch, how a batch is made, found again, watched
 * and read. Jobs that survive their process are made of it once, in `@holdfast/batch`.
 *
 * @since 0.1.0
 */
import { Effect, type Stream } from "effect"
import { type AiError, type LanguageModel, type Response } from "effect/ai"

import { type PricedAs } from "../internal/call/types.ts"
import { type ProviderFailure, type ProviderReply, type ProviderRequest } from "./ProviderModel.ts"
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
export interface Prepared {
  readonly body: unknown
  /** Reads the body of an answer. */
  readonly read: (answer: unknown) => Effect.Effect<ProviderReply<Array<Response.PartEncoded>>, ProviderFailure>
}

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
 * The batch API of one vendor, for one model.
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
export interface BatchProvider {
  readonly provider: string
  readonly model: string
  readonly account?: string | undefined
  readonly pricedAs?: PricedAs | undefined
  readonly codecTransformer: LanguageModel.CodecTransformer
  readonly settings?: Effect.Effect<{ readonly maxOutputTokens?: number | undefined }> | undefined
  /** The most that one batch takes; larger inputs are split. */
  readonly limits: { readonly items: number; readonly bytes: number }
  readonly prepare: (request: ProviderRequest) => Effect.Effect<Prepared, ProviderFailure>
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
 * What a batch API has of the model whose requests it takes: items are prepared and answers are read as live ones are.
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
}: SdkModel<unknown>): Pick<
  BatchProvider,
  "account" | "codecTransformer" | "model" | "prepare" | "pricedAs" | "provider" | "settings"
> => ({
  provider,
  model,
  account,
  pricedAs,
  settings,
  codecTransformer,
  prepare: (request) => Effect.map(prepare(request), ({ body, read }) => ({ body, read: (answer) => read(answer) })),
})
