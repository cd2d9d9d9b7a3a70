/**
 * The statements of one connection: prepared once, kept while they are used, with values in both directions that lose
 * nothing.
 */
import { type DatabaseSync, type StatementSync } from "node:sqlite"

interface Prepared {
  readonly statement: StatementSync
  readonly returnsRows: boolean
}

/** What a statement gives back: rows by name, rows by position, or what it changed. */
export type Shape = "rows" | "values" | "changes"

export class Statements {
  readonly #database: DatabaseSync
  readonly #limit: number
  // A `Map` keeps the order in which its keys were set, so the first one is the one that was not used for longest.
  readonly #kept = new Map<string, Prepared>()

  constructor(database: DatabaseSync, limit: number) {
    this.#database = database
    this.#limit = limit
  }

  run(sql: string, parameters: ReadonlyArray<unknown>, shape: Shape): unknown {
    return executed(this.#prepared(sql), parameters, shape)
  }

  runOnce(sql: string, parameters: ReadonlyArray<unknown>, shape: Shape): unknown {
    return executed(prepare(this.#database, sql), parameters, shape)
  }

  /** Rows one by one. The statement is its own, so that whoever reads may run the same SQL meanwhile. */
  *rows(sql: string, parameters: ReadonlyArray<unknown>): Generator<object> {
    const { statement } = prepare(this.#database, sql)
    for (const row of statement.iterate(...parameters.map(bound))) {
      narrowRow(row)
      yield row
    }
  }

  #prepared(sql: string): Prepared {
    const known = this.#kept.get(sql)
    if (known !== undefined) {
      this.#kept.delete(sql)
      this.#kept.set(sql, known)
      return known
    }
    const prepared = prepare(this.#database, sql)
    this.#kept.set(sql, prepared)
    if (this.#kept.size > this.#limit) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest)
        break
      }
    }
    return prepared
  }
}

const prepare = (database: DatabaseSync, sql: string): Prepared => {
  const statement = database.prepare(sql)
  statement.setReadBigInts(true)
  return { statement, returnsRows: statement.columns().length > 0 }
}

const executed = ({ returnsRows, statement }: Prepared, parameters: ReadonlyArray<unknown>, shape: Shape): unknown => {
  const values = parameters.map(bound)
  if (!returnsRows) {
    const { changes, lastInsertRowid } = statement.run(...values)
    return shape === "changes" ? { changes: narrow(changes), lastInsertRowid: narrow(lastInsertRowid) } : []
  }
  statement.setReturnArrays(shape === "values")
  const rows = statement.all(...values)
  if (shape === "values") (rows as unknown as Array<Array<unknown>>).forEach(narrowValues)
  else (rows as Array<Record<string, unknown>>).forEach(narrowRow)
  return rows
}

const narrowRow = (row: Record<string, unknown>): void => {
  for (const name in row) if (typeof row[name] === "bigint") row[name] = narrow(row[name])
}

const narrowValues = (row: Array<unknown>): void => {
  for (let index = 0; index < row.length; index++) row[index] = narrow(row[index])
}

// A number where it is exact, as with every other driver, and never a rounded one.
const narrow = (value: unknown): unknown =>
  typeof value === "bigint" && value <= MAX && value >= -MAX ? Number(value) : value

const MAX = BigInt(Number.MAX_SAFE_INTEGER)

// SQLite has no booleans and no dates.
const bound = (value: unknown): null | number | bigint | string | Uint8Array => {
  if (value === undefined || value === null) return null
  if (typeof value === "boolean") return value ? 1 : 0
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "string") return value
  if (value instanceof Uint8Array) return value
  if (value instanceof Date) return value.toISOString()
  // node:sqlite would take the first object for named parameters.
  throw new TypeError(`a value of type ${typeof value} cannot be stored`)
}
