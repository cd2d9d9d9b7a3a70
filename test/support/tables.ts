const cells = (line: string): ReadonlyArray<string> =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim())

/** The cells of the table of a page whose first heading begins so, by row and column. */
export const tableOf = (page: string, heading: string): ReadonlyMap<string, string> => {
  const lines = page.split("\n")
  const start = lines.findIndex((line) => line.startsWith(`| ${heading}`))
  const rest = lines.slice(start)
  const end = rest.findIndex((line) => !line.startsWith("|"))
  const [, ...columns] = cells(rest[0] ?? "")
  return new Map(
    rest.slice(2, end).flatMap((line) => {
      const [row = "", ...values] = cells(line)
      return columns.map((column, at) => [`${row} → ${column}`, values[at] ?? ""] as const)
    }),
  )
}
