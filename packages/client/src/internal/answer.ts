/* oxlint-disable eslint/no-await-in-loop -- one piece after the other, over one connection after the other */
/** The events of one answer over as many connections as it takes. */
import { ChatError } from "../ChatError.ts"
import { type ChatEvent, type ChatRequest } from "../ChatEvent.ts"
import { type ChatClientOptions, type FollowOptions } from "./options.ts"
import { sseParser } from "./sse.ts"

export interface Ask extends FollowOptions {
  readonly answerId: string
  /** What is asked, if it has not been asked before. */
  readonly request?: ChatRequest | undefined
}

/** An id that cannot be guessed. `crypto.randomUUID` is only there on pages that came over TLS. */
export const newId = (): string => crypto.getRandomValues(Uint32Array.of(0, 0, 0, 0)).join("-")

const lost = (cause: unknown) =>
  new ChatError({ code: "ConnectionLost", message: "Connection lost", status: 0, retryable: true, cause })

/** A response that is well. Fails with the typed error in its body, or with what its status says. */
export const fetched = async (
  { fetch: own = fetch, headers, url = "/chat" }: ChatClientOptions,
  path: string,
  init: Omit<RequestInit, "headers"> & { readonly headers?: Readonly<Record<string, string | number>> },
): Promise<Response> => {
  const response = await own(url + path, {
    cache: "no-store",
    ...init,
    headers: { ...init.headers, ...(typeof headers === "function" ? await headers() : headers) } as HeadersInit,
  })
  const { headers: has, ok, status } = response
  // The page of a login is no answer.
  if (status === 200 ? /event-stream/.test(has.get("content-type") as string) : ok) return response
  const body = await response.json().catch(() => undefined)
  throw new ChatError({
    code: "HttpError",
    message: `HTTP ${status}`,
    status,
    retryable: /408|429|50[234]/.test(`${status}`),
    retryAfter: Number(has.get("retry-after")) * 1000 || undefined,
    ...(typeof body?.error?.code === "string" && body.error),
  })
}

/** Ends with the answer. Breaking off leaves it. */
export async function* answer(
  { idleTimeout = 45_000, maxAttempts = 6, retryDelay = 1000, ...options }: ChatClientOptions,
  { after = 0, answerId, request, signal }: Ask,
): AsyncGenerator<ChatEvent, void, undefined> {
  let asked = !request
  let again = true
  let over = false
  let failures = 0
  for (;;) {
    let delay: number
    const connection = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const watch = () => {
      timer = setTimeout(() => connection.abort(), idleTimeout)
    }
    try {
      watch()
      const response = await fetched(options, `${asked ? `/${answerId}` : ""}/stream`, {
        signal: AbortSignal.any([connection.signal, signal ?? connection.signal]),
        headers: { "content-type": "application/json", "last-event-id": after },
        ...(!asked && { method: "POST", body: JSON.stringify({ ...request, answerId }) }),
      })
      if (response.status === 204) return
      asked = true
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      const parse = sseParser()
      for (;;) {
        const { done, value } = await reader.read()
        clearTimeout(timer)
        if (done) throw response
        for (const { data, id, retry } of parse(value)) {
          retryDelay = retry || retryDelay
          // What has been seen comes again where the same was asked twice.
          if (!(id > after)) continue
          const event = JSON.parse(data)
          after = id
          failures = 0
          if (event.type === "error") {
            failures = maxAttempts
            throw new ChatError(event.error)
          }
          over = event.type === "done"
          yield event
          if (over) return
        }
        watch()
      }
    } catch (cause) {
      signal?.throwIfAborted()
      let error = cause instanceof ChatError ? cause : lost(cause)
      if (request && error.code === "AnswerNotFound") {
        error = lost(error)
        // It ended with its connection. If nobody has seen anything of it, it may be asked for once more.
        if (!again || after > 1) throw error
        again = asked = false
      }
      const { code, retryAfter = 0, retryable } = error
      // What the server has refused is not asked for again: it has tried all that it may.
      const mayAsk = asked || /^(Conne|Http|ServerS)/.test(code)
      if (!mayAsk || !retryable || failures >= maxAttempts || retryAfter > 60_000) throw error
      delay = retryAfter + retryDelay * 2 ** Math.min(failures++, 5) * (0.5 + Math.random() / 2)
    } finally {
      clearTimeout(timer)
      // What is whole ends by itself. Aborted, it would look like a failure, and take the connection with it.
      if (!over) connection.abort()
    }
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, delay)
      signal?.addEventListener("abort", () => resolve(clearTimeout(timer)))
    })
  }
}
