/**
 * A conversation: its messages, and the answer that is being given. It knows nothing of React.
 *
 * @since 0.1.0
 */
import { type ChatClientOptions } from "./ChatClient.ts"
import { type ChatError } from "./ChatError.ts"
import { type ChatEvent } from "./ChatEvent.ts"
import { answer, type Ask, fetched, newId } from "./internal/answer.ts"
import { addTo, requestOf } from "./internal/parts.ts"
import { type FilePart, type Message, type TextPart } from "./Message.ts"

/**
 * `submitted` until the first content of an answer, then `streaming`.
 *
 * @since 0.1.0
 * @category models
 */
export type Status = "ready" | "submitted" | "streaming" | "error"

/**
 * What a page draws. It is never changed: a new one takes its place.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChatState {
  readonly ids: ReadonlyArray<string>
  readonly messages: ReadonlyArray<Message>
  readonly status: Status
  readonly error: ChatError | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface ChatOptions extends ChatClientOptions {
  /** The conversation. One is chosen if it is left out, and then nothing can be found again in `storage`. */
  readonly id?: string | undefined
  /** What has been said before. */
  readonly messages?: ReadonlyArray<Message> | undefined
  /** Where the conversation is kept over a reload, such as `sessionStorage`. */
  readonly storage?: Pick<Storage, "getItem" | "setItem"> | undefined
  /** Milliseconds to wait while tokens come, before they are drawn with the next frame. 25 if left out, which is every second frame. */
  readonly throttle?: number | undefined
  /** Sent with every request, for the application on the server. */
  readonly data?: unknown
  /** Every event as it comes, news of the application that are no part of a message among them. */
  readonly onEvent?: ((event: ChatEvent) => void) | undefined
  readonly onFinish?: ((message: Message) => void) | undefined
  readonly onError?: ((error: ChatError) => void) | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Chat {
  readonly id: string
  /** Changes with every piece that is drawn. */
  readonly state: () => ChatState
  /** Changes only with the list of messages, the status and the error. */
  readonly outline: () => ChatState
  /** What there was at first, before `storage` was looked at: what a server draws. */
  readonly initial: () => ChatState
  readonly subscribe: (listener: () => void) => () => void
  /** A message stays the same object until it changes. */
  readonly message: (id: string) => Message | undefined
  /** Asks. An answer that is being given is stopped. `data` takes the place of that of the options. */
  readonly send: (content: string | ReadonlyArray<TextPart | FilePart>, data?: unknown) => Promise<void>
  /** Asks once more for an answer: the newest, or that of the id. What came after it is dropped. */
  readonly regenerate: (id?: string) => Promise<void>
  /** Ends the answer at the provider. What came of it stays. */
  readonly stop: () => Promise<void>
  /** Goes on with the newest answer, if it is not complete. */
  readonly resume: () => Promise<void>
  /** Closes the connection. An answer that can be resumed goes on. */
  readonly leave: () => void
  readonly setMessages: (messages: ReadonlyArray<Message>) => void
  /** Other options from now on. */
  readonly configure: (options: ChatOptions) => void
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeChat = (initialOptions: ChatOptions = {}): Chat => {
  let options = initialOptions
  const { id = newId(), messages: first = [], storage } = options
  const key = `holdfast-chat-${id}`
  const byId = new Map<string, Message>()
  const listeners = new Set<() => void>()
  let reading: AbortController | undefined
  let state: ChatState = { ids: [], messages: [], status: "ready", error: undefined }
  let outline = state

  const show = (messages: ReadonlyArray<Message>, status: Status, error?: ChatError) => {
    const same = status === "streaming" && state.status === status
    for (const message of messages) byId.set(message.id, message)
    state = { ids: same ? state.ids : messages.map((message) => message.id), messages, status, error }
    if (!same) {
      outline = state
      // A storage that is full is no reason not to answer.
      attempt(() => storage?.setItem(key, JSON.stringify(messages)))
    }
    for (const listener of listeners) listener()
  }

  const leave = () => {
    reading?.abort()
    reading = undefined
  }

  const read = async (messages: ReadonlyArray<Message>, ask?: Partial<Ask>): Promise<void> => {
    leave()
    const connection = (reading = new AbortController())
    const { signal } = connection
    let last = messages.at(-1)!
    let { done, seen = 0 } = last
    const parts = [...last.parts]
    let due = false
    const flush = (status: Status, error?: ChatError) => {
      due = false
      if (signal.aborted) return
      if (status !== "streaming") reading = undefined
      last = { ...last, parts: [...parts], seen, done }
      show([...messages.slice(0, -1), last], status, error)
      if (status === "ready") options.onFinish?.(last)
      if (error) options.onError?.(error)
    }
    show(messages, "submitted")
    try {
      for await (const event of answer(options, { answerId: last.id, after: seen, signal, ...ask })) {
        seen++
        if (event.type === "done") done = event
        addTo(parts, event)
        options.onEvent?.(event)
        if (!due && parts.length > 0) {
          due = true
          soon(() => due && flush("streaming"), options.throttle)
        }
      }
      flush("ready")
    } catch (error) {
      flush("error", error as ChatError)
    }
  }

  const stop = async () => {
    const connection = reading
    const end = () => {
      if (reading !== connection) return
      leave()
      show(state.messages, "ready")
    }
    // The server tells the end, with what it cost.
    if (connection)
      await fetched(options, `/${state.ids.at(-1)}`, { method: "DELETE" }).then(() => void setTimeout(end, 2000), end)
  }

  const ask = (messages: ReadonlyArray<Message>, data = options.data) => {
    void stop()
    return read([...messages, { id: newId(), role: "assistant", parts: [], seen: 0 }], {
      request: { chatId: id, messages: requestOf(messages), data },
    })
  }

  let stored = first
  attempt(() => {
    stored = JSON.parse(storage!.getItem(key)!) ?? first
  })
  show(first, "ready")
  const initial = state
  attempt(() => show(stored, "ready"))

  return {
    id,
    state: () => state,
    outline: () => outline,
    initial: () => initial,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    message: (of) => byId.get(of),
    send: (content, data) =>
      ask(
        [
          ...state.messages,
          {
            id: newId(),
            role: "user",
            parts: typeof content === "string" ? [{ type: "text", text: content }] : content,
          },
        ],
        data,
      ),
    regenerate: async (of) => {
      const { ids, messages } = state
      const at = ids.indexOf(of ?? ids.at(-1)!)
      const kept = messages.slice(0, messages[at]?.role === "assistant" ? at : at + 1)
      if (kept.length > 0) await ask(kept)
    },
    stop,
    resume: async () => {
      const last = state.messages.at(-1)
      // What an application brings along is complete.
      if (!reading && last?.seen !== undefined && !last.done) await read(state.messages)
    },
    leave,
    setMessages: (messages) => {
      leave()
      show(messages, "ready")
    },
    configure: (other) => {
      options = other
    },
  }
}

const attempt = (run: () => void) => {
  try {
    run()
  } catch {}
}

/** A tab that is hidden draws no frames. */
const soon = (run: () => void, throttle = 25) =>
  setTimeout(() => {
    if (globalThis.document?.visibilityState === "visible") requestAnimationFrame(run)
    else run()
  }, throttle)
