/**
 * Jobs and their items as rows, and how they are read: what comes out of a database may not be what went in.
 */
import { Effect, Predicate, Schema } from "effect"

import { JobsUnavailable } from "./errors.ts"
import { type Piece, type Sized, states } from "./state.ts"

export type Row = Readonly<Record<string, unknown>>

export type Result<A> = Effect.Effect<A, JobsUnavailable>

/** A job as it stands. */
export interface JobRow {
  readonly id: string
  /** By which its items are known at the vendor. */
  readonly key: string
  readonly operation: string
  readonly provider: string
  readonly model: string
  /** How often its items were reserved: they cannot be reserved twice by one name. */
  readonly round: number
  /** `undefined` until all items are prepared. */
  readonly items: number | undefined
  readonly canceled: boolean
}

/** What became of an item; `undefined` while nobody knows. */
export const Kind = Schema.Literals(["Answered", "Refused", "Canceled", "Expired", "Missing", "Unsent"])

export type Kind = typeof Kind.Type

export interface ItemRow extends Sized {
  /** As JSON: ids may hold what a database does not take. */
  readonly id: string
  /** What it may cost, in picodollars. */
  readonly worst: string
  readonly kind: Kind | null
  readonly body: string | null
}

/** What the lease tells who renews it. */
export interface Signals {
  readonly canceled: boolean
  readonly woken: number
}

const damaged = (what: string) => new JobsUnavailable({ operation: "read", reason: "Damaged", description: what })

// Drivers give large integers as text or as `bigint`.
export const integer = (value: unknown): Result<number> => {
  const number = Predicate.isNullish(value) ? Number.NaN : Number(value)
  return Number.isSafeInteger(number)
    ? Effect.succeed(number)
    : Effect.fail(damaged(`there is ${JSON.stringify(String(value).slice(0, 40))} in place of an integer`))
}

const optional = (value: unknown): Result<number | undefined> =>
  Predicate.isNullish(value) ? Effect.undefined : integer(value)

export const text = (value: unknown): string | undefined => (Predicate.isString(value) ? value : undefined)

export const jobOf = (row: Row): Result<JobRow> =>
  Effect.map(Effect.all({ round: integer(row["round"]), items: optional(row["items"]) }), (numbers) => ({
    id: String(row["id"]),
    key: String(row["item_key"]),
    operation: String(row["operation"]),
    provider: String(row["provider"]),
    model: String(row["model"]),
    canceled: Number(row["canceled"]) === 1,
    ...numbers,
  }))

export const pieceOf = (row: Row): Result<Piece> =>
  Effect.flatMap(
    Effect.all({
      piece: integer(row["piece"]),
      attempt: integer(row["attempt"]),
      from: integer(row["from_seq"]),
      to: integer(row["to_seq"]),
      sent: integer(row["sent"]),
      intentAt: optional(row["intent_at"]),
    }),
    (numbers) => {
      const state = states.find((each) => each === row["state"])
      return state === undefined
        ? Effect.fail(damaged("a piece is in no state that there is"))
        : Effect.succeed({
            job: String(row["job"]),
            state,
            file: text(row["file"]),
            batch: text(row["batch"]),
            ...numbers,
          })
    },
  )

export const sizedOf = (row: Row): Result<Sized> =>
  Effect.all({ seq: integer(row["seq"]), size: integer(row["size"]), texts: integer(row["texts"]) })

const isKind = Schema.is(Kind)

export const kindsIn = (rows: ReadonlyArray<Row>): ReadonlyArray<Kind> => rows.map((row) => row["kind"]).filter(isKind)

export const itemOf = (row: Row): Result<ItemRow> =>
  Effect.flatMap(sizedOf(row), (numbers) => {
    const kind = row["kind"]
    return kind === null || isKind(kind)
      ? Effect.succeed({
          id: String(row["id"]),
          worst: String(row["worst"]),
          kind,
          body: text(row["body"]) ?? null,
          ...numbers,
        })
      : Effect.fail(damaged("an item has no end that there is"))
  })
