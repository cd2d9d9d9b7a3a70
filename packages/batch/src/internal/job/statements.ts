/**
 * Statements on the tables of jobs, and what a database that fails means for them.
 */
import { type SqlMigrations } from "@holdfast/cost"
import { Effect } from "effect"
import { type Migrator, type SqlClient, type SqlError } from "effect/sql"

import { JobsUnavailable } from "./errors.ts"
import { type Result, type Row } from "./rows.ts"
import { type Dialect, dialectOf } from "./tables.ts"

export class Statements {
  protected readonly prefix: string
  protected readonly dialect: Dialect
  private readonly sql: SqlClient.SqlClient

  constructor(sql: SqlClient.SqlClient, prefix: string) {
    this.sql = sql
    this.dialect = dialectOf(sql)
    this.prefix = prefix
  }

  /** Where a parameter goes; counts from 1. */
  protected at(index: number): string {
    return this.dialect.parameter(index)
  }

  protected parameters(count: number): string {
    return Array.from({ length: count }, (_, index) => this.at(index + 1)).join(", ")
  }

  protected read(statement: string, parameters: ReadonlyArray<unknown>): Result<ReadonlyArray<Row>> {
    return Effect.mapError(this.sql.unsafe<Row>(statement, parameters).withoutTransform, unavailable("read"))
  }

  /** The rows that a statement changed, as it returns them. */
  protected changed(statement: string, parameters: ReadonlyArray<unknown>): Result<ReadonlyArray<Row>> {
    return Effect.mapError(this.sql.unsafe<Row>(statement, parameters).withoutTransform, unavailable("write"))
  }

  protected write(statement: string, parameters: ReadonlyArray<unknown>): Result<void> {
    return Effect.asVoid(this.changed(statement, parameters))
  }

  /** Whether a statement changed its one row. */
  protected one(statement: string, parameters: ReadonlyArray<unknown>): Result<boolean> {
    return Effect.map(this.changed(statement, parameters), (rows) => rows.length === 1)
  }
}

export const unavailable =
  (operation: JobsUnavailable["operation"]) =>
  (trouble: SqlError.SqlError | Migrator.MigrationError | SqlMigrations.NewerTables): JobsUnavailable => {
    if (trouble._tag === "SqlError") {
      return new JobsUnavailable({ operation, reason: trouble.reason._tag, description: trouble.message })
    }
    const reason = trouble._tag === "NewerTables" ? "NewerVersion" : "Damaged"
    return new JobsUnavailable({ operation, reason, description: trouble.message })
  }
