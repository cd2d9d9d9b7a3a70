import { useChat, type UseChat } from "@holdfast/client/react"
import { useEffect, useRef, useState } from "react"

import { MessageOf } from "./Answer.tsx"

const suggestions = [
  "Why do ships float?",
  "What is the weather in Bergen?",
  "What happens when a provider is down?",
  "Tell me something long",
  "Say something dangerous",
]

const Ask = ({ chat }: { readonly chat: UseChat }) => {
  const [text, setText] = useState("")
  const isBusy = chat.status === "submitted" || chat.status === "streaming"
  const send = () => {
    if (text.trim() === "" || isBusy) return
    setText("")
    void chat.send(text.trim())
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <textarea
        aria-label="Your question"
        placeholder="Ask the harbour master"
        rows={1}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return
          event.preventDefault()
          send()
        }}
      />
      {isBusy ? (
        <button type="button" className="stop" onClick={() => void chat.stop()}>
          Stop
        </button>
      ) : (
        <button type="submit" disabled={text.trim() === ""}>
          Send
        </button>
      )}
    </form>
  )
}

const ErrorOf = ({ chat }: { readonly chat: UseChat }) =>
  chat.error !== undefined && (
    <div className="error" role="alert">
      <span>{chat.error.message}</span>
      <button type="button" onClick={() => void chat.regenerate()}>
        Try again
      </button>
    </div>
  )

/** Follows the newest text, unless its reader has scrolled up. */
const useFollowing = () => {
  const end = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const list = end.current?.parentElement
    if (!list) return
    let follows = true
    const look = () => {
      follows = list.scrollHeight - list.scrollTop - list.clientHeight < 80
    }
    const follow = new ResizeObserver(() => {
      if (follows) list.scrollTop = list.scrollHeight
    })
    list.addEventListener("scroll", look, { passive: true })
    if (list.firstElementChild) follow.observe(list.firstElementChild)
    return () => {
      follow.disconnect()
      list.removeEventListener("scroll", look)
    }
  }, [])
  return end
}

export const Conversation = () => {
  const chat = useChat({ id: "harbour", storage: sessionStorage })
  const end = useFollowing()
  return (
    <>
      <header>
        <h1>
          <span aria-hidden>⚓</span> Harbour master
        </h1>
        <button type="button" className="quiet" disabled={chat.ids.length === 0} onClick={() => chat.setMessages([])}>
          New chat
        </button>
      </header>
      <main data-status={chat.status}>
        <section>
          {chat.ids.length === 0 && <h2>What would you like to know?</h2>}
          {chat.ids.map((id) => (
            <MessageOf key={id} chat={chat.chat} id={id} />
          ))}
          <ErrorOf chat={chat} />
        </section>
        <div ref={end} />
      </main>
      <nav hidden={chat.ids.length > 0}>
        {suggestions.map((text) => (
          <button key={text} type="button" className="quiet" onClick={() => void chat.send(text)}>
            {text}
          </button>
        ))}
      </nav>
      <Ask chat={chat} />
    </>
  )
}
