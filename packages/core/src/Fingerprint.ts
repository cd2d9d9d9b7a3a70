/**
 * What a request asks, as one text: for keyed hashes of it in logs, and for its size.
 *
 * **Gotchas**
 *
 * The text is the prompt. To make a name of it, use a keyed hash, because a plain one of a short prompt is found by
 * trying, and has to key it by tenant, or equal prompts of two tenants are linked.
 *
 * @since 0.1.0
 */
import { Result } from "effect"

import { canonical } from "./internal/canonical.ts"
import { anyOperation } from "./internal/operation/any.ts"
import { chat } from "./internal/operation/chat.ts"
import { embeddings } from "./internal/operation/embeddings.ts"
import { type ModelRequest } from "./ModelRequest.ts"
import { type Kind, type Operation } from "./Operation.ts"

/**
 * Everything in a request that decides its answer, equal for equal requests whatever the order of keys. `undefined` if part of it
 * cannot be written down, such as a function among the settings.
 *
 * **Example** (Equal requests)
 *
 * ```ts
 * import { Fingerprint, ModelRequest } from "@holdfast/core"
 *
 * const ask = () => Fingerprint.textOf(ModelRequest.make("generate", "Why do ships float?"))
 *
 * ask() === ask() // => true
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const textOf = (request: ModelRequest): string | undefined =>
  Result.getOrUndefined(
    Result.try(() =>
      canonical({
        operation: request.call.operation,
        settings: request.settings,
        asked: operationOf(request).fingerprint(request.options),
      }),
    ),
  )

/**
 * How long a request is, in characters of text. Media count as nothing.
 *
 * @since 0.1.0
 * @category getters
 */
export const sizeOf = (request: ModelRequest): number => operationOf(request).sizeOfRequest(request.options)

const operationOf = ({ options }: ModelRequest): Operation<Kind> =>
  options.inputs === undefined ? anyOperation(chat) : anyOperation(embeddings)
