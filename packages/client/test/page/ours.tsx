import { type Chat, type Message, useChat, useMessage } from "@holdfast/client/react"
import { memo, useState } from "react"
import { createRoot } from "react-dom/client"

import { counts, older, wantsOlder } from "./counts.ts"

const textOf = ({ parts }: Message) => parts.map((part) => (part.type === "text" ? part.text : "")).join("")

const Row = memo(({ chat, id }: { readonly chat: Chat; readonly id: string }) => {
  counts.message++
  const message = useMessage(chat, id)
  return message === undefined ? undefined : <article data-role={message.role}>{textOf(message)}</article>
})

const options = {
  ...(!location.search.includes("quiet") && { storage: sessionStorage }),
  retryDelay: 50,
  ...(wantsOlder && { messages: older }),
}

const List = () => {
  counts.list++
  const [conversation, open] = useState("c")
  const { chat, error, ids, regenerate, send, status, stop } = useChat({ ...options, id: conversation })
  window.driver = { send, stop, regenerate, open }
  return (
    <main data-status={status} data-error={error?.code}>
      {ids.map((id) => (
        <Row key={id} chat={chat} id={id} />
      ))}
    </main>
  )
}

/** As people write it first: the messages in one component. */
const Whole = () => {
  counts.list++
  const { error, messages, regenerate, send, status, stop } = useChat({ ...options, id: "c" })
  window.driver = { send, stop, regenerate }
  return (
    <main data-status={status} data-error={error?.code}>
      {messages.map((message) => (
        <article key={message.id} data-role={message.role}>
          {textOf(message)}
        </article>
      ))}
    </main>
  )
}

createRoot(document.body).render(location.search.includes("whole") ? <Whole /> : <List />)
