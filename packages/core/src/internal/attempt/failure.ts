import { type AiError } from "effect/ai"

import { type StreamTruncated } from "../../CommitPoint.ts"
import { type UnsupportedOption } from "../../provider/ProviderModel.ts"
import { type FileExpired } from "../files/errors.ts"

/** How a call of a provider's model can fail. */
export type CallFailure = AiError.AiError | FileExpired | UnsupportedOption | StreamTruncated

/** How a call of a provider's embedding model can fail: its answers come as a whole. */
export type EmbeddingFailure = AiError.AiError | UnsupportedOption

/** How a call of any other model of a provider can fail: its answers come as a whole, too. */
export type MediaFailure = AiError.AiError | UnsupportedOption
