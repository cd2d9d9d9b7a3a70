import { type Chat, type Message, type Part, type ToolPart, useMessage } from "@holdfast/client/react"
import { memo } from "react"

import { Markdown } from "./Markdown.tsx"

const json = (value: unknown): string => JSON.stringify(value, undefined, 2)

const Tool = ({ part }: { readonly part: ToolPart }) => (
  <details className="tool" data-state={part.failed === true ? "failed" : part.state}>
    <summary>
      <span className="dot" /> {part.name}
      <small>{part.state === "result" ? (part.failed === true ? "failed" : "done") : "running…"}</small>
    </summary>
    <pre>
      <code>{part.input === undefined ? part.inputText : json(part.input)}</code>
    </pre>
    {part.state === "result" && (
      <pre>
        <code>{json(part.output)}</code>
      </pre>
    )}
  </details>
)

const PartOf = memo(({ part }: { readonly part: Part }) => {
  switch (part.type) {
    case "text":
      return <Markdown text={part.text} />
    case "reasoning":
      return (
        <details className="reasoning">
          <summary>Thoughts</summary>
          {part.text}
        </details>
      )
    case "tool":
      return <Tool part={part} />
    case "data":
      return <p className="news">{String(part.data)}</p>
    default:
      return undefined
  }
})

const Price = ({ done }: { readonly done: NonNullable<Message["done"]> }) => (
  <footer>
    {done.cost !== undefined && <b>{done.cost}</b>}
    {done.model !== undefined && <span>{done.model}</span>}
    <span>{done.attempts === 1 ? "1 attempt" : `${done.attempts} attempts`}</span>
    <span>{(done.latency / 1000).toFixed(1)} s</span>
    {done.usage?.outputTokens.total !== undefined && <span>{done.usage.outputTokens.total} tokens</span>}
    {done.reason === "stopped" && <span>stopped</span>}
  </footer>
)

/** One message. It is drawn again when it changes, and no other is. */
export const MessageOf = memo(({ chat, id }: { readonly chat: Chat; readonly id: string }) => {
  const message = useMessage(chat, id)
  if (message === undefined) return undefined
  return (
    <article data-role={message.role}>
      {message.parts.map((part, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- parts only come at the end
        <PartOf key={index} part={part} />
      ))}
      {message.role === "assistant" && message.parts.length === 0 && message.done === undefined && (
        <p className="waiting" aria-label="Waiting for the answer">
          <i />
          <i />
          <i />
        </p>
      )}
      {message.done !== undefined && <Price done={message.done} />}
    </article>
  )
})
