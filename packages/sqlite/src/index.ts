/**
 * A `SqlClient` of Effect on `node:sqlite`.
 *
 * @module @holdfast/sqlite
 */
export * as SqliteClient from "./SqliteClient.ts"
