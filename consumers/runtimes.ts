/**
 * Where the packages run. npm has the runtimes as packages, too; they are kept in `node_modules/.cache`.
 *
 * Of each Node.js line that is promised, the lowest version that is promised.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"

import { environment, npm } from "./packed.ts"

export interface Runtime {
  readonly name: string
  /** Of Node.js; `undefined` where packages are not bound to one. */
  readonly node: string | undefined
  readonly run: (project: string, program: string, args?: ReadonlyArray<string>) => string
}

const cache = resolve("node_modules/.cache/consumers")

/** The folder with the programs of a package at a version, fetched if it is not there. */
export const programsOf = (specification: string): string => {
  const folder = join(cache, specification.replaceAll("/", "+"))
  if (!existsSync(folder)) {
    const partial = `${folder}.partial`
    rmSync(partial, { recursive: true, force: true })
    mkdirSync(partial, { recursive: true })
    writeFileSync(join(partial, "package.json"), JSON.stringify({ private: true }))
    npm(partial, "install", specification)
    renameSync(partial, folder)
  }
  return join(folder, "node_modules/.bin")
}

interface Command {
  readonly cwd: string
  readonly path: string
}

/** Runs a program and gives what it prints; what it complains of is in the error, if it fails. */
export const execute = ({ cwd, path }: Command, file: string, args: ReadonlyArray<string>): string =>
  execFileSync(join(path, file), args, {
    cwd,
    encoding: "utf8",
    env: { ...environment, PATH: `${path}:${environment["PATH"]}` },
    stdio: ["ignore", "pipe", "pipe"],
  })

const node = (version: string): Runtime => ({
  name: `node ${version}`,
  node: version,
  run: (cwd, program, args = []) =>
    execute({ cwd, path: programsOf(`node@${version}`) }, "node", ["--no-warnings", program, ...args]),
})

const other = (name: string, version: string, options: ReadonlyArray<string>): Runtime => ({
  name: `${name} ${version}`,
  node: undefined,
  run: (cwd, program, args = []) =>
    execute({ cwd, path: programsOf(`${name}@${version}`) }, name, [...options, program, ...args]),
})

export const runtimes: ReadonlyArray<Runtime> = [
  node("20.19.0"),
  node("22.13.0"),
  node("24.0.0"),
  node("26.10.0"),
  other("bun", "1.4.5", []),
  other("deno", "2.9.6", ["run", "--allow-all"]),
]

export const workerd = "workerd@1.20261117.1"
