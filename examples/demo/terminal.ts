/**
 * What the demo writes: with colours and a moving bar on a terminal, as plain lines in a pipe.
 */
import { Effect } from "effect"

const { stdout } = process

/** Whether cursor codes are understood. */
const isTerminal = stdout.isTTY && process.env["NO_COLOR"] === undefined

const styled =
  (code: number) =>
  (text: string): string =>
    isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text

const bold = styled(1)
export const dim = styled(2)
export const red = styled(31)
export const green = styled(32)
export const yellow = styled(33)

export const write = (text: string): Effect.Effect<void> => Effect.sync(() => void stdout.write(text))

export const line = (text = ""): Effect.Effect<void> => write(`${text}\n`)

export const title = (text: string): Effect.Effect<void> => line(`\n${bold(text)}`)

/** Rewrites the last line on a terminal. In a pipe, writes a new one every tenth of the way. */
export const progress = (done: number, total: number, note: string): Effect.Effect<void> => {
  if (!isTerminal)
    return done % Math.ceil(total / 10) === 0 || done === total ? line(`  ${done}/${total}  ${note}`) : Effect.void
  const width = 40
  const filled = Math.round((done / total) * width)
  const bar = `${"█".repeat(filled)}${"░".repeat(width - filled)}`
  return write(`\r  ${bar} ${done}/${total}  ${note}${done === total ? "\n" : ""}`)
}

/** A table with texts to the left and numbers to the right. The first column is text; `texts` says how many are. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>, texts = 1): Effect.Effect<void> => {
  const columns = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = rows.map((row, index) => {
    const cells = columns.map((width, column) => {
      const cell = row[column] ?? ""
      return column < texts ? cell.padEnd(width) : cell.padStart(width)
    })
    return index === 0 ? bold(cells.join("  ")) : cells.join("  ")
  })
  return line(lines.map((text) => `  ${text}`).join("\n"))
}
