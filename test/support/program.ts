import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const run = promisify(execFile)

/** What a program of this repository prints. Fails when it fails. */
export const output = async (file: string, ...flags: ReadonlyArray<string>): Promise<string> => {
  const options = { cwd: fileURLToPath(new URL("../../", import.meta.url)), env: { ...process.env, NO_COLOR: "1" } }
  const { stdout } = await run(process.execPath, [file, ...flags], options)
  return stdout
}
