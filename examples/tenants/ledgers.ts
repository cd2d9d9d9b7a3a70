/**
 * Where it is kept what was spent. The rest of the application does not know which it is.
 */
import { tmpdir } from "node:os"
import { join } from "node:path"

import { PgClient } from "@effect/sql-pg"
import { Ledger } from "@holdfast/cost"
import { SqliteClient } from "@holdfast/sqlite"
import { Config, Layer } from "effect"

const file = Config.String("LEDGER_FILE").pipe(Config.withDefault(join(tmpdir(), "holdfast-tenants.db")))

const tables = Ledger.layerSql({ prefix: "tenants" })

export const ledgers = {
  memory: Ledger.layerMemory(),
  sqlite: tables.pipe(Layer.provide(SqliteClient.layerConfig({ filename: file }))),
  postgres: tables.pipe(Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))),
}
