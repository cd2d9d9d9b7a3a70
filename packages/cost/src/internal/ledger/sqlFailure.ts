/**
 * What a failing database means for a ledger.
 */
import { Predicate, type Schema } from "effect"
import { type Migrator, type SqlError } from "effect/sql"

import { type NewerTables } from "../../SqlMigrations.ts"
import { type DamagedRow } from "./journal.ts"
import { LedgerUnavailable } from "./unavailable.ts"

type Trouble = SqlError.SqlError | Schema.SchemaError | DamagedRow | Migrator.MigrationError | NewerTables

export const unavailable =
  (operation: LedgerUnavailable["operation"]) =>
  (trouble: Trouble): LedgerUnavailable => {
    if (trouble._tag === "MigrationError") {
      const { cause } = trouble
      return isSqlError(cause)
        ? new LedgerUnavailable({ operation, reason: reasonOf(cause), description: cause.message })
        : new LedgerUnavailable({ operation, reason: "Damaged", description: trouble.message })
    }
    if (trouble._tag === "NewerTables" || trouble._tag === "DamagedRow") {
      const reason = trouble._tag === "NewerTables" ? "NewerVersion" : "Damaged"
      return new LedgerUnavailable({ operation, reason, description: trouble.message })
    }
    // What cannot be read has an issue that would quote it.
    if (trouble._tag === "SchemaError") return new LedgerUnavailable({ operation, reason: "Damaged" })
    return new LedgerUnavailable({ operation, reason: reasonOf(trouble), description: trouble.message })
  }

const isSqlError = Predicate.isTagged("SqlError") as (value: unknown) => value is SqlError.SqlError

const reasonOf = ({ reason }: SqlError.SqlError): LedgerUnavailable["reason"] => {
  const known = byCode(reason.cause)
  if (known !== undefined) return known
  switch (reason._tag) {
    case "ConnectionError":
    case "AuthenticationError":
      return "ConnectionLost"
    case "AuthorizationError":
      return "ReadOnly"
    case "DeadlockError":
    case "SerializationError":
    case "LockTimeoutError":
    case "StatementTimeoutError":
      return "Locked"
    case "SqlSyntaxError":
      // Tables or columns that are not there.
      return "Damaged"
    default:
      return "Unknown"
  }
}

// The reasons of `effect/sql` have no name for these: result codes of SQLite, SQLSTATEs of PostgreSQL.
const byCode = (cause: unknown): LedgerUnavailable["reason"] | undefined => {
  if (Predicate.hasProperty(cause, "errcode") && Predicate.isNumber(cause.errcode)) {
    const code = cause.errcode & 0xff
    if (code === 13) return "DiskFull"
    return code === 11 || code === 26 ? "Damaged" : undefined
  }
  const state = Predicate.hasProperty(cause, "code") ? cause.code : undefined
  switch (state) {
    case "53100":
      return "DiskFull"
    case "25006":
      return "ReadOnly"
    // The server is shutting down, or not up yet.
    case "57P01":
    case "57P02":
    case "57P03":
      return "ConnectionLost"
    default:
      return undefined
  }
}
