/**
 * What the emulator remembers of a request.
 *
 * @since 0.1.0
 */
import { type ChatDialectName, type DialectName } from "./internal/emulator/dialect.ts"

/**
 * One of the provider APIs that the emulator speaks.
 *
 * @since 0.1.0
 * @category models
 */
export type Dialect = DialectName

/**
 * One of the APIs whose answers are chats.
 *
 * @since 0.1.0
 * @category models
 */
export type ChatDialect = ChatDialectName

/**
 * A request as the emulator received it, and what became of it so far.
 *
 * **Details**
 *
 * Credentials in headers and in the query are replaced by a fingerprint: equal keys have equal fingerprints, and the key
 * itself is nowhere. Times are epoch milliseconds of the clock that the layer was built with; those that are not there
 * yet are `undefined`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedRequest {
  /** Counts the requests from 1, in order of arrival. */
  readonly id: number
  /** The id in the headers of the answer. */
  readonly requestId: string
  readonly dialect: Dialect
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  /** The parsed JSON, or the text if it was none. */
  readonly body: unknown
  readonly model: string
  readonly stream: boolean
  /** The status that was answered. */
  readonly status: number | undefined
  readonly startedAt: number
  /** When the first byte of the body was written. */
  readonly firstByteAt: number | undefined
  /** When the emulator ended the answer, by completing the body or by cutting the connection. */
  readonly endedAt: number | undefined
  /** Whether the client closed the connection before the emulator had ended the answer. */
  readonly aborted: boolean
  readonly abortedAt: number | undefined
}
