import { useChat } from "@ai-sdk/react"
import { DefaultChatTransport, type UIMessage } from "ai"
import { memo } from "react"
import { createRoot } from "react-dom/client"

import { counts, older, wantsOlder } from "./counts.ts"

const Row = memo(({ message }: { readonly message: UIMessage }) => {
  counts.message++
  const text = message.parts.map((part) => (part.type === "text" ? part.text : "")).join("")
  return <article data-role={message.role}>{text}</article>
})

const transport = new DefaultChatTransport({ api: "/api/chat" })

const List = () => {
  counts.list++
  const { error, messages, regenerate, sendMessage, status, stop } = useChat({
    id: "v",
    transport,
    ...(wantsOlder && { messages: older }),
  })
  window.driver = { send: (text) => sendMessage({ text }), stop, regenerate }
  return (
    <main data-status={status} data-error={error?.message}>
      {messages.map((message) => (
        <Row key={message.id} message={message} />
      ))}
    </main>
  )
}

createRoot(document.body).render(<List />)
