/**
 * Who wants to see the headers of the answers to a request. It travels with the request, so a call that nobody listens to pays
 * nothing, and neither context nor the answer has to carry it.
 */
import { type ModelRequest } from "../../ModelCall.ts"

/** Receives the headers, with names in lower case. */
export type ReplyListener = (headers: Readonly<Record<string, string>>) => void

interface Heard extends ModelRequest {
  readonly "~holdfast/core/replyListener"?: ReplyListener
}

export const replyListenerOf = (request: ModelRequest): ReplyListener | undefined =>
  (request as Heard)["~holdfast/core/replyListener"]

/** The request with a listener, beside any that listens already. */
export const onResponseHeaders = (request: ModelRequest, listener: ReplyListener): ModelRequest => {
  const outer = replyListenerOf(request)
  const heard: Heard = {
    mode: request.mode,
    options: request.options,
    "~holdfast/core/replyListener": outer === undefined ? listener : both(outer, listener),
  }
  return heard
}

const both =
  (outer: ReplyListener, inner: ReplyListener): ReplyListener =>
  (headers) => {
    outer(headers)
    inner(headers)
  }
