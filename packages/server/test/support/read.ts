/** What a client does with plain `fetch`. */
import { type ChatProtocol } from "@holdfast/server"
import { Effect } from "effect"

export interface Received {
  readonly id: number
  readonly event: string
  readonly data: ChatProtocol.Event
}

export const message = (content: string) => ({ messages: [{ role: "user", content }] })

export const post = (url: string, body: unknown, init: RequestInit = {}) =>
  Effect.promise(() =>
    fetch(url, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...init,
      headers: { "content-type": "application/json", ...(init.headers as Record<string, string> | undefined) },
    }),
  )

export const get = (url: string, init: RequestInit = {}) => Effect.promise(() => fetch(url, init))

export const textOf = (response: Response) => Effect.promise(() => response.text())

export const jsonOf = <A>(response: Response) => Effect.promise(() => response.json() as Promise<A>)

/** The events of a whole body of server-sent events. */
export const eventsIn = (body: string): ReadonlyArray<Received> =>
  body.split("\n\n").flatMap((frame) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(frame)?.[1]
    const data = field("data")
    return data === undefined
      ? []
      : [{ id: Number(field("id")), event: field("event") ?? "", data: JSON.parse(data) as ChatProtocol.Event }]
  })

export const tokens = (events: ReadonlyArray<{ readonly data: ChatProtocol.Event }>): string =>
  events.map(({ data }) => (data.type === "token" ? data.text : "")).join("")

/** Reads a stream piece by piece. */
export const reader = (response: Response) => {
  const pieces = response
    .body!.pipeThrough(new TextDecoderStream() as never)
    .getReader() as ReadableStreamDefaultReader<string>
  let text = ""
  return {
    /** Until the text so far holds something. */
    until: (wanted: string) =>
      Effect.promise(async () => {
        while (!text.includes(wanted)) {
          // oxlint-disable-next-line eslint/no-await-in-loop -- one piece after the other
          const { done, value } = await pieces.read()
          if (done) break
          text += value
        }
        return text
      }),
    rest: Effect.promise(async () => {
      for (;;) {
        // oxlint-disable-next-line eslint/no-await-in-loop -- one piece after the other
        const { done, value } = await pieces.read()
        if (done) return text
        text += value
      }
    }),
    leave: Effect.promise(() => pieces.cancel().catch(() => undefined)),
  }
}
