/**
 * Who wants to see the headers of the answers to a request. It travels with the request, so a call that nobody listens to pays
 * nothing, and neither context nor the answer has to carry it.
 */
import { type ModelRequest } from "../ModelCall.ts"

export interface ReplyListener {
  /** Names are in lower case. */
  readonly replied: (headers: Readonly<Record<string, string>>) => void
}

const Listener = Symbol("@holdfast/core/replyListener")

export const replyListenerOf = (request: ModelRequest): ReplyListener | undefined =>
  (request as { readonly [Listener]?: ReplyListener })[Listener]

/** The request with a listener, beside any that listens already. */
export const withReplyListener = (request: ModelRequest, listener: ReplyListener): ModelRequest => {
  const outer = replyListenerOf(request)
  const all: ReplyListener =
    outer === undefined
      ? listener
      : {
          replied: (headers) => {
            outer.replied(headers)
            listener.replied(headers)
          },
        }
  return { ...request, [Listener]: all } as ModelRequest
}
