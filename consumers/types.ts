/** The published types under the last versions of TypeScript, with every declaration file checked. */
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"

import { programsOf } from "./runtimes.ts"

export interface Setting {
  readonly typescript: string
  readonly moduleResolution: "nodenext" | "bundler"
  /** Without it, declarations of Effect and of the vendors' SDKs do not check, so that only our own are looked at. */
  readonly dom: boolean
  /** Writes the programs as JavaScript beside their sources. */
  readonly emit?: boolean
}

export const settings: ReadonlyArray<Setting> = [
  { typescript: "7.0.2", moduleResolution: "nodenext", dom: true, emit: true },
  { typescript: "7.0.2", moduleResolution: "bundler", dom: true },
  { typescript: "7.0.2", moduleResolution: "nodenext", dom: false },
  { typescript: "6.0.3", moduleResolution: "bundler", dom: true },
  { typescript: "5.9.3", moduleResolution: "nodenext", dom: true },
]

const optionsOf = ({ dom, emit = false, moduleResolution }: Setting) => ({
  target: "ES2023",
  lib: dom ? ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"] : ["ES2023"],
  module: moduleResolution === "nodenext" ? "NodeNext" : "ESNext",
  moduleResolution,
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  ...(emit ? { rewriteRelativeImportExtensions: true } : { allowImportingTsExtensions: true, noEmit: true }),
})

/** What the compiler complains of. */
export const complaints = (project: string, setting: Setting, files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const config = join(project, "tsconfig.json")
  writeFileSync(config, JSON.stringify({ compilerOptions: optionsOf(setting), files }))
  const compiler = join(programsOf(`typescript@${setting.typescript}`), "tsc")
  const { status, stdout } = spawnSync(compiler, ["-p", config, "--pretty", "false"], {
    cwd: project,
    encoding: "utf8",
  })
  const all = stdout.split("\n").filter((line) => /error TS\d+/.test(line))
  if (status !== 0 && all.length === 0) return [`tsc ended with ${status}: ${stdout}`]
  return setting.dom ? all : all.filter((line) => !/^node_modules\/(?!@holdfast\/)/.test(line))
}
