import { type Batch, type Batches, habit, type Item } from "./state.ts"

/** The items whose results are told, in the order in which they are told. */
export const told = (batches: Batches, { items }: Batch, wanted: (item: Item) => boolean): ReadonlyArray<Item> => {
  const missing = habit(batches, "Missing")?.ids ?? []
  const some = items.filter((item) => item.outcome !== undefined && !missing.includes(item.id) && wanted(item))
  return habit(batches, "Reversed") === undefined ? some : some.toReversed()
}

const strange = (idField: string): ReadonlyArray<string> => [
  "no JSON at all",
  "[1, 2]",
  JSON.stringify({ response: { status_code: 200, body: {} }, result: { type: "succeeded", message: {} } }),
  JSON.stringify({
    [idField]: "nobody-sent-this",
    response: { status_code: 200, body: {} },
    result: { type: "canceled" },
  }),
]

/** Lines as they are sent, with all that is wrong with them. */
export const written = (
  batches: Batches,
  items: ReadonlyArray<Item>,
  options: { readonly idField: string; readonly line: (item: Item) => Record<string, unknown> },
): string => {
  const long = habit(batches, "LongLine")
  const lines = items.map((item) => {
    const line = JSON.stringify(options.line(item))
    if (long?.id !== item.id) return line
    return `${line.slice(0, -1)},"padding":"${"x".repeat(Math.max(0, long.bytes - line.length))}"}`
  })
  const all = habit(batches, "StrangeLines") === undefined ? lines : [...strange(options.idField), ...lines]
  if (habit(batches, "HalfLastLine") === undefined || all.length === 0) return all.map((line) => `${line}\n`).join("")
  const last = all.at(-1) ?? ""
  return [...all.slice(0, -1), last.slice(0, Math.ceil(last.length / 2))].join("\n")
}
