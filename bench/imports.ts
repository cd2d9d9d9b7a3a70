/**
 * How long it takes to load a module in a fresh process, as it is published.
 */
import { execFileSync } from "node:child_process"

const program = (specifier: string): string =>
  `const began = performance.now(); await import(${JSON.stringify(specifier)}); console.log(performance.now() - began)`

export const specifiers = {
  core: new URL("../packages/core/dist/index.js", import.meta.url).href,
  effectAi: import.meta.resolve("effect/ai"),
}

/** Milliseconds of one import. */
export const load = (specifier: string): number =>
  Number(execFileSync(process.execPath, ["--input-type=module", "-e", program(specifier)], { encoding: "utf8" }))

/** The published form of the packages. */
export const compile = (): void => {
  const cwd = new URL("..", import.meta.url)
  execFileSync("tsc", ["-b", "packages/core", "packages/cost", "packages/client"], { stdio: "inherit", cwd })
  execFileSync(process.execPath, ["build/moduleImports.ts"], { stdio: "inherit", cwd })
}
