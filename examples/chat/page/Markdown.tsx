/** Markdown as elements of React. Nothing of the text becomes markup, so it can inject none. */
import { memo, type ReactNode } from "react"

const inline = /(`[^`]+`)|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]*)\]\(((?:[^()\s]|\([^()\s]*\))*)\)/g

/** Where a link may lead. All other schemes run code or open programs. */
const isSafe = (address: string): boolean => /^(?:https?:\/\/|mailto:)/i.test(address)

const link = (text: string, address: string): ReactNode =>
  isSafe(address) ? (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow">
      {text}
    </a>
  ) : (
    text
  )

const spans = (text: string): ReadonlyArray<ReactNode> => {
  const nodes: Array<ReactNode> = []
  let from = 0
  for (const match of text.matchAll(inline)) {
    const [all, code, bold, italic, label, address = ""] = match
    nodes.push(text.slice(from, match.index))
    from = match.index + all.length
    const key = from
    if (code !== undefined) nodes.push(<code key={key}>{code.slice(1, -1)}</code>)
    else if (bold !== undefined) nodes.push(<strong key={key}>{spans(bold)}</strong>)
    else if (italic !== undefined) nodes.push(<em key={key}>{spans(italic)}</em>)
    else nodes.push(<span key={key}>{link(label ?? "", address)}</span>)
  }
  return [...nodes, text.slice(from)]
}

const cells = (line: string): ReadonlyArray<string> =>
  line
    .replace(/^\s*\||\|\s*$/g, "")
    .split("|")
    .map((cell) => cell.trim())

const Table = ({ lines }: { readonly lines: ReadonlyArray<string> }) => {
  const [head = "", rule = "", ...rows] = lines
  const right = cells(rule).map((cell) => cell.endsWith(":"))
  const row = (line: string, Cell: "th" | "td", key: number) => (
    <tr key={key}>
      {cells(line).map((cell, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- cells have no other name
        <Cell key={index} className={right[index] === true ? "right" : undefined}>
          {spans(cell)}
        </Cell>
      ))}
    </tr>
  )
  return (
    <div className="table">
      <table>
        <thead>{row(head, "th", 0)}</thead>
        <tbody>{rows.map((line, index) => row(line, "td", index))}</tbody>
      </table>
    </div>
  )
}

const items = (lines: ReadonlyArray<string>, mark: RegExp): ReadonlyArray<ReactNode> =>
  // oxlint-disable-next-line react/no-array-index-key -- lines have no other name
  lines.map((line, index) => <li key={index}>{spans(line.replace(mark, ""))}</li>)

const block = (text: string): ReactNode => {
  const lines = text.split("\n")
  const [first = ""] = lines
  const heading = /^(#{1,4})\s+(.*)/.exec(first)
  if (heading !== null) return <h3>{spans(heading[2] ?? "")}</h3>
  if (/^\s*[-*]\s/.test(first)) return <ul>{items(lines, /^\s*[-*]\s+/)}</ul>
  if (/^\s*\d+[.)]\s/.test(first)) return <ol>{items(lines, /^\s*\d+[.)]\s+/)}</ol>
  if (lines.length > 1 && /^\s*\|?[\s:|-]+$/.test(lines[1] ?? "") && first.includes("|")) return <Table lines={lines} />
  return <p>{spans(text)}</p>
}

/** Blocks are drawn once: only the last one changes while a text grows. */
const Block = memo(({ text }: { readonly text: string }) => block(text))

const Code = memo(({ language, text }: { readonly language: string; readonly text: string }) => (
  <pre data-language={language}>
    <code>{text}</code>
  </pre>
))

/** A text, a part of which may not have come yet: a block of code that is open is shown as one. */
export const Markdown = ({ text }: { readonly text: string }) =>
  text.split(/^```/m).map((piece, index) => {
    if (index % 2 === 1) {
      const [language = "", ...rest] = piece.split("\n")
      // oxlint-disable-next-line react/no-array-index-key -- a text only grows at its end
      return <Code key={index} language={language.trim()} text={rest.join("\n").trimEnd()} />
    }
    return piece
      .split(/\n{2,}/)
      .filter((part) => part.trim() !== "")
      .map((part, at) => <Block key={`${index}-${at}`} text={part.trim()} />)
  })
