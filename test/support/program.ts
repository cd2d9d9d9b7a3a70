import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

import { Effect } from "effect"

const run = promisify(execFile)

/** What a program of this repository prints. Fails when it fails. */
export const output = (program: {
  readonly file: string
  readonly flags: ReadonlyArray<string>
  readonly variables?: Readonly<Record<string, string>> | undefined
}) =>
  Effect.tryPromise(() => {
    const cwd = fileURLToPath(new URL("../../", import.meta.url))
    const env = { ...process.env, NO_COLOR: "1", ...program.variables }
    return run(process.execPath, [program.file, ...program.flags], { cwd, env })
  }).pipe(Effect.map(({ stdout }) => stdout))
