/**
 * A hook for React 18 and 19.
 *
 * @module @holdfast/client/react
 */
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react"

import { type Chat, type ChatOptions, type ChatState, makeChat } from "./Chat.ts"
import { type Message } from "./Message.ts"

export { type Chat, type ChatOptions, type ChatState, makeChat, type Status } from "./Chat.ts"
export { type FilePart, type Message, type Part, type TextPart, type ToolPart } from "./Message.ts"

/**
 * @since 0.1.0
 * @category options
 */
export interface UseChatOptions extends ChatOptions {
  /** A conversation that several components share, made once outside of them. The other options are then its own. */
  readonly chat?: Chat | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface UseChat
  extends ChatState, Pick<Chat, "id" | "send" | "stop" | "regenerate" | "resume" | "setMessages"> {
  readonly chat: Chat
}

/**
 * The messages, the status and the error of a conversation, and what can be done with it.
 *
 * **Details**
 *
 * A component that reads `messages` is drawn again with what has come, at most once in a frame. One that reads only `ids`, `status` and
 * `error` is drawn again when these change, which is three times for an answer: give each id to a component of its own that
 * calls `useMessage`.
 *
 * An answer that was being given when the page was left is resumed, where `id` and `storage` are given.
 *
 * @since 0.1.0
 * @category hooks
 */
export const useChat = (options: UseChatOptions = {}): UseChat => {
  // Another id is another conversation.
  const chat = useMemo(() => options.chat ?? makeChat(options), [options.chat, options.id])
  const whole = useRef(false)
  const state = useSyncExternalStore(
    chat.subscribe,
    () => (whole.current ? chat.state() : chat.outline()),
    chat.initial,
  )
  useEffect(() => {
    if (!options.chat) chat.configure(options)
  })
  useEffect(() => {
    void chat.resume()
    return options.chat ? undefined : chat.leave
  }, [chat])
  return useMemo(
    () => ({
      ...chat,
      ...state,
      chat,
      get messages() {
        whole.current = true
        return state.messages
      },
    }),
    [chat, state],
  )
}

/**
 * One message. The component is drawn again when that message changes, and no other.
 *
 * @since 0.1.0
 * @category hooks
 */
export const useMessage = (chat: Chat, id: string): Message | undefined => {
  const get = () => chat.message(id)
  return useSyncExternalStore(chat.subscribe, get, get)
}
