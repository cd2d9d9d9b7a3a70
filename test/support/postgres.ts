import { PgClient } from "@effect/sql-pg"
import { Config, Effect } from "effect"
import { SqlClient } from "effect/sql"

/** A schema of its own in the database of `DATABASE_URL`, dropped with the scope, as the address of that database. */
export const schema = Effect.gen(function* () {
  const name = `holdfast_${crypto.randomUUID().replaceAll("-", "_")}`
  yield* Effect.acquireRelease(administer(`CREATE SCHEMA ${name}`), () =>
    Effect.orDie(administer(`DROP SCHEMA ${name} CASCADE`)),
  )
  const url = new URL(yield* Config.String("DATABASE_URL"))
  url.searchParams.set("options", `-c search_path=${name}`)
  return url.href
})

const administer = (statement: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(statement)).pipe(
    Effect.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })),
  )
