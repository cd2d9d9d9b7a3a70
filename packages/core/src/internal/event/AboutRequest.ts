import { type RequestContext } from "../../RequestContext.ts"
import { type ModelRequest, type Source } from "../call/types.ts"

/** What is known beside the request. */
export interface Known extends Source {
  readonly context: RequestContext
  readonly startedAt: number
}

/**
 * An event about a request, which it hides from `JSON.stringify`, `inspect`, spreads and whatever else walks over it, and with it the
 * prompt. A private field costs a tenth of a property that is defined so.
 *
 * Here and in what extends it, fields are set one by one: to copy the rest of an object costs as much as all else.
 */
export class AboutRequest<Tag extends string> {
  declare readonly _tag: Tag
  declare readonly callId: string
  declare readonly operation: string
  declare readonly traceId: string
  declare readonly spanId: string
  declare readonly provider: string
  declare readonly model: string
  declare readonly context: RequestContext
  declare readonly startedAt: number
  readonly #request: ModelRequest

  constructor(tag: Tag, request: ModelRequest, { context, model, provider, startedAt }: Known) {
    const { id, operation, span } = request.call
    this.#request = request
    this._tag = tag
    this.callId = id
    this.operation = operation
    this.traceId = span?.traceId ?? ""
    this.spanId = span?.spanId ?? ""
    this.provider = provider
    this.model = model
    this.context = context
    this.startedAt = startedAt
  }

  get request(): ModelRequest {
    return this.#request
  }
}
