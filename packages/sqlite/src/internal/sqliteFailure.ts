/**
 * What went wrong in SQLite, as one of the reasons of `effect/sql`.
 *
 * SQLite's own result codes are at https://www.sqlite.org/rescode.html; the low byte is the primary one.
 */
import { Predicate } from "effect"
import { SqlError } from "effect/sql"

/** SQLite's extended result code, if the cause is one of its errors. */
export const codeOf = (cause: unknown): number | undefined =>
  Predicate.hasProperty(cause, "errcode") && Predicate.isNumber(cause.errcode) ? cause.errcode : undefined

/** Whether another connection holds the database, so that the same statement may work a moment later. */
export const isBusy = ({ reason }: SqlError.SqlError): boolean => {
  const code = codeOf(reason.cause)
  // A snapshot that is out of date (517) does not get better by waiting.
  return code === 5 || code === 261
}

export const failure = (cause: unknown, operation: string): SqlError.SqlError =>
  new SqlError.SqlError({ reason: reasonOf(cause, operation) })

/** A file that was deleted or replaced while it was open. */
export const fileMoved = (path: string): SqlError.SqlError =>
  new SqlError.SqlError({
    reason: new SqlError.ConnectionError({
      message: `the file ${path} was deleted or replaced while it was open`,
      operation: "execute",
      cause: undefined,
    }),
  })

const reasonOf = (cause: unknown, operation: string): SqlError.SqlErrorReason => {
  const message = Predicate.isError(cause) ? cause.message : "the database failed"
  const fields = { cause, message, operation }
  const code = codeOf(cause)
  if (code === undefined) {
    // What node:sqlite says when the database is closed.
    const closed = Predicate.hasProperty(cause, "code") && cause.code === "ERR_INVALID_STATE"
    return closed ? new SqlError.ConnectionError(fields) : new SqlError.UnknownError(fields)
  }
  // UNIQUE and PRIMARY KEY.
  if (code === 2067 || code === 1555) {
    return new SqlError.UniqueViolation({ ...fields, constraint: /failed: (.+)$/.exec(message)?.[1] ?? "unknown" })
  }
  switch (code & 0xff) {
    case 1:
      return new SqlError.SqlSyntaxError(fields)
    case 3: // PERM
    case 8: // READONLY
      return new SqlError.AuthorizationError(fields)
    case 5: // BUSY
    case 6: // LOCKED
      return new SqlError.LockTimeoutError(fields)
    case 10: // IOERR
    case 14: // CANTOPEN
      return new SqlError.ConnectionError(fields)
    case 19:
      return new SqlError.ConstraintError(fields)
    case 23:
      return new SqlError.AuthenticationError(fields)
    default:
      // FULL (13), CORRUPT (11) and NOTADB (26) have no reason of their own: trying again helps none of them.
      return new SqlError.UnknownError(fields)
  }
}
