/**
 * `pnpm newcomer`: does what the page for newcomers says, literally and in its order, in an empty folder, with the packages as npm will
 * have them. Run it after `pnpm tarballs`.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

import { environment } from "./packed.ts"
import { isAsSaid, stepsOf } from "./page.ts"
import { registry } from "./registry.ts"
import { programsOf } from "./runtimes.ts"

const [file = "docs/getting-started.md"] = process.argv.slice(2)
const page = readFileSync(file, "utf8")

/** The lowest version that the page asks for. */
const [, version] = /Node\.js (\d+\.\d+)/.exec(page) ?? []
if (version === undefined) throw new Error(`${file} does not say which Node.js it needs`)

const { close, origin } = await registry()
const folder = mkdtempSync(join(tmpdir(), "holdfast-newcomer-"))
const env = {
  ...environment,
  PATH: `${programsOf(`node@${version}.0`)}:${environment["PATH"]}`,
  "npm_config_@holdfast:registry": origin,
  npm_config_audit: "false",
  npm_config_fund: "false",
  NO_COLOR: "1",
}

const type = (command: string): string => {
  const { status, stdout } = spawnSync("bash", ["-e", "-c", `exec 2>&1\n${command}`], {
    cwd: folder,
    env,
    encoding: "utf8",
  })
  if (status !== 0) throw new Error(`ended with ${status}:\n${stdout}`)
  return stdout
}

const save = (name: string, content: string): void => {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

const steps = stepsOf(page)
let at = `${file}:1`
try {
  for (const step of steps) {
    at = `${file}:${step.line}`
    if (step.kind === "save") save(step.name, step.content)
    else {
      const shown = type(step.command)
      if (step.prints !== undefined && !isAsSaid(step.prints, shown)) {
        throw new Error(`shows\n${shown}\nin place of\n${step.prints}`)
      }
    }
    process.stdout.write(`ok      ${at} ${step.kind === "save" ? `saves ${step.name}` : step.command.trim()}\n`)
  }
  if (!steps.some(({ kind }) => kind === "type")) throw new Error("there is nothing to type")
  rmSync(folder, { recursive: true })
} catch (cause) {
  process.stdout.write(`FAILED  ${at} in ${folder}\n${(cause as Error).message}\n`)
  process.exitCode = 1
} finally {
  close()
}
