/**
 * Runs the demo and keeps what it wrote and when, for `draw.ts`.
 *
 * pnpm bad-day
 */
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"

import { type Recording } from "./draw.ts"

const root = new URL("../../", import.meta.url)
const demo = spawn(process.execPath, ["examples/demo.ts"], {
  cwd: root,
  env: { ...process.env, NO_COLOR: "1" },
  stdio: ["ignore", "pipe", "inherit"],
})

const began = performance.now()
const recording: Array<readonly [milliseconds: number, text: string]> = []
demo.stdout.setEncoding("utf8")
demo.stdout.on("data", (text: string) => recording.push([Math.round(performance.now() - began), text]))
demo.on("close", (code) => {
  if (code !== 0) throw new Error(`the demo ended with ${code}`)
  writeFileSync(new URL("recording.json", import.meta.url), linesOf(recording))
})

const linesOf = (chunks: Recording): string => `[\n${chunks.map((chunk) => JSON.stringify(chunk)).join(",\n")}\n]\n`
