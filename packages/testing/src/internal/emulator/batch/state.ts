import { type BatchCall, type BatchHabit } from "../../../BatchHabit.ts"
import { type Usage } from "../../../Reply.ts"
import { type Json } from "../dialect.ts"

/** The vendors whose batch APIs are spoken. */
export type VendorName = "openai" | "anthropic" | "google" | "groq" | "mistral" | "openrouter"

/** What became of an item. */
export interface Outcome {
  readonly _tag: "Answered" | "Errored" | "Canceled" | "Expired"
  readonly status: number
  readonly body: unknown
  readonly usage: Required<Usage> | undefined
}

/** One request of a batch. */
export interface Item {
  readonly id: string
  readonly body: Json
  /** Where the vendor has it in the line. */
  readonly url: string | undefined
  outcome: Outcome | undefined
}

/** A batch. */
export interface Batch {
  readonly id: string
  /** The path below which it was made: what one account sees. */
  readonly root: string
  readonly name: string | undefined
  readonly model: string
  readonly endpoint: string
  readonly inputFile: string | undefined
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly items: ReadonlyArray<Item>
  /** What else is wrong with an item. */
  readonly problemOf?: (item: Item) => string | undefined
  /** Whether one bad item fails the batch. */
  readonly failsWhole?: boolean
  /** Whether a batch may fail at all. */
  readonly mayFail?: boolean
  state: "running" | "canceling" | "completed" | "canceled" | "expired" | "failed"
  errors: ReadonlyArray<{ readonly line: number | undefined; readonly message: string }>
  polls: number
  /** How many more lists do not show it. */
  hiddenFor: number
}

/** A file that was uploaded, or that holds results. */
export interface StoredFile {
  readonly id: string
  readonly root: string
  readonly createdAt: number
  readonly text: string
}

interface Standing {
  readonly habit: BatchHabit
  left: number
}

/** All that is known of batches. */
export interface Batches {
  count: number
  /** How many polls find a batch running. */
  polls: number
  readonly all: Array<Batch>
  readonly files: Map<string, StoredFile>
  standing: Array<Standing>
}

export const empty = (polls: number): Batches => ({ count: 0, polls, all: [], files: new Map(), standing: [] })

/** Lays down what holds from now on. */
export const behave = (batches: Batches, habits: ReadonlyArray<BatchHabit>): void => {
  batches.standing = habits.map((habit) => ({
    habit,
    left: habit._tag === "DuplicateCreate" ? 1 : ((habit._tag === "Mishap" ? habit.times : undefined) ?? Infinity),
  }))
}

type Named<Tag extends BatchHabit["_tag"]> = Extract<BatchHabit, { readonly _tag: Tag }>

/** A habit that holds. */
export const habit = <Tag extends BatchHabit["_tag"]>(batches: Batches, tag: Tag): Named<Tag> | undefined =>
  batches.standing.map((one) => one.habit).find((one): one is Named<Tag> => one._tag === tag)

/** Uses up one time of a habit. */
const use = (batches: Batches, holds: (habit: BatchHabit) => boolean): BatchHabit | undefined => {
  const found = batches.standing.find((one) => one.left > 0 && holds(one.habit))
  if (found !== undefined) found.left--
  return found?.habit
}

export const mishapOf = (batches: Batches, call: BatchCall): Named<"Mishap"> | undefined =>
  use(batches, (one) => one._tag === "Mishap" && one.call === call) as Named<"Mishap"> | undefined

/** What a call is answered with instead. */
export const garbledOf = (batches: Batches, call: BatchCall): string | undefined => {
  const found = use(batches, (one) => one._tag === "Garble" && one.call === call)
  return found?._tag === "Garble" ? found.body : undefined
}

const isDoubled = (batches: Batches): boolean => use(batches, (one) => one._tag === "DuplicateCreate") !== undefined

/** An id that is the same in every run. */
const newId = (batches: Batches, prefix: string): string => {
  batches.count++
  return `${prefix}${batches.count.toString(36).padStart(8, "0")}`
}

export const store = (batches: Batches, file: Omit<StoredFile, "id">, prefix = "file-"): StoredFile => {
  const stored = { ...file, id: newId(batches, prefix) }
  batches.files.set(stored.id, stored)
  return stored
}

type Made = Omit<Batch, "id" | "state" | "errors" | "polls" | "hiddenFor">

/** Makes a batch, or two. */
export const create = (batches: Batches, prefix: string, made: Made): Batch => {
  const one = (): Batch => {
    const batch: Batch = {
      ...made,
      items: made.items.map((item) => ({ ...item })),
      id: newId(batches, prefix),
      state: "running",
      errors: [],
      polls: 0,
      hiddenFor: habit(batches, "ListLag")?.lists ?? 0,
    }
    batches.all.push(batch)
    return batch
  }
  if (isDoubled(batches)) one()
  return one()
}

/** How many a page of a list holds, however many are asked for: so few that tests meet a second page. */
export const pageSize = (asked: string | null, most = 5): number => Math.min(most, Number(asked ?? most))

/** What a list shows, the newest first. */
export const listed = (batches: Batches, root: string): ReadonlyArray<Batch> =>
  batches.all
    .filter((batch) => batch.root === root)
    .filter((batch) => batch.hiddenFor-- <= 0)
    .toReversed()

export const find = (batches: Batches, root: string, id: string | undefined): Batch | undefined =>
  batches.all.find((batch) => batch.id === id && batch.root === root)

export const isOver = ({ state }: Batch): boolean => state !== "running" && state !== "canceling"

/** How many items ended in some way. */
export const counted = ({ items }: Batch, tag: Outcome["_tag"]): number =>
  items.filter(({ outcome }) => outcome?._tag === tag).length
