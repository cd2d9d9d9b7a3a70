import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

interface Running {
  readonly output: string
  /** If it is over. */
  readonly code?: number | null
  readonly stop: (signal: NodeJS.Signals) => Effect.Effect<number | null>
}

/** Starts the command and waits until it says something, or is over. */
const start = (...args: ReadonlyArray<string>): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [bin, ...args], { stdio: ["ignore", "pipe", "pipe"] })),
    (child) => Effect.sync(() => child.kill("SIGKILL")),
  ).pipe(
    Effect.flatMap((child) => {
      const exited = new Promise<number | null>((resolve) => child.once("exit", resolve))
      return Effect.callback<Running>((resume) => {
        let output = ""
        const stop = (signal: NodeJS.Signals) =>
          Effect.promise(() => {
            child.kill(signal)
            return exited
          })
        const read = (chunk: Buffer) => {
          output += chunk.toString()
          if (output.includes("GEMINI_API_KEY")) resume(Effect.succeed({ output, stop }))
        }
        child.stdout.on("data", read)
        child.stderr.on("data", read)
        child.once("close", (code) => resume(Effect.succeed({ output, stop, code })))
      })
    }),
  )

const variable = (output: string, name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(output)?.[1] ?? ""

const ask = (output: string) =>
  Effect.promise(async () => {
    const response = await fetch(`${variable(output, "OPENAI_BASE_URL")}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${variable(output, "OPENAI_API_KEY")}` },
      body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }] }),
    })
    return { status: response.status, body: await response.text() }
  })

describe("holdfast-emulator", () => {
  it.live("answers at the addresses that it prints, and stops on SIGTERM", () =>
    Effect.gen(function* () {
      const { output, stop } = yield* start("--port", "0", "--text", "Good day.", "--delay-first-byte", "20 millis")
      for (const name of ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL"]) {
        assert.match(variable(output, name), /^http:\/\/127\.0\.0\.1:[1-9]\d*\//)
      }
      const started = performance.now()
      const { body, status } = yield* ask(output)
      assert.strictEqual(status, 200)
      assert.include(body, "Good day.")
      assert.isAtLeast(performance.now() - started, 15)
      const code = yield* Effect.timeout(stop("SIGTERM"), "5 seconds")
      // 143 is what a process that was asked to terminate reports, and 130 one that was interrupted.
      assert.include([0, 130, 143], code)
    }),
  )

  it.live("makes chaos from a seed", () =>
    Effect.gen(function* () {
      const { output, stop } = yield* start("--port", "0", "--chaos-rate", "1", "--chaos-seed", "9")
      const { body, status } = yield* ask(output)
      assert.strictEqual(status, 429)
      assert.include(body, "rate_limit_exceeded")
      yield* stop("SIGINT")
    }),
  )

  it.live("says what it takes, and refuses the rest", () =>
    Effect.gen(function* () {
      const help = yield* start("--help")
      for (const flag of ["--port", "--text", "--delay-frames", "--chaos-rate"]) assert.include(help.output, flag)
      assert.strictEqual(help.code, 0)
      const wrong = yield* start("--chaos-rate", "2")
      assert.notInclude(wrong.output, "Listening")
      assert.match(wrong.output, /Invalid value for flag --chaos-rate.*between 0 and 1/)
      assert.strictEqual(wrong.code, 1)
    }),
  )

  it.live("makes batches, and tells another process of them", () =>
    Effect.gen(function* () {
      const { output, stop } = yield* start("--port", "0", "--batch-polls", "1000", "--text", "Good day.")
      const url = variable(output, "OPENAI_BASE_URL")
      const { origin } = new URL(url)
      const call = (path: string, init?: RequestInit) =>
        Effect.promise(async () => {
          const headers = { authorization: "Bearer emulator" }
          const response = await fetch(new URL(path, origin), { headers, ...init })
          return (await response.json()) as Record<string, unknown>
        })
      const post = (path: string, body?: unknown) =>
        call(path, { method: "POST", ...(body !== undefined && { body: JSON.stringify(body) }) })
      const form = new FormData()
      const body = { model: "m", messages: [{ role: "user", content: "hi" }] }
      const line = { custom_id: "a", method: "POST", url: "/v1/chat/completions", body }
      form.append("purpose", "batch")
      form.append("file", new File([JSON.stringify(line)], "a.jsonl"))
      const authorization = { authorization: "Bearer emulator" }
      const file = yield* call("/openai/v1/files", { method: "POST", body: form, headers: authorization })
      const made = yield* call("/openai/v1/batches", {
        method: "POST",
        headers: authorization,
        body: JSON.stringify({
          input_file_id: file["id"],
          endpoint: "/v1/chat/completions",
          completion_window: "24h",
          metadata: { holdfast: "job-1" },
        }),
      })
      yield* call(`/openai/v1/batches/${String(made["id"])}`)
      const running = yield* call("/emulator/batches")
      assert.deepInclude(running, { created: 1, answered: 0 })
      yield* post("/emulator/batches/habits", [{ _tag: "ListLag", lists: 1 }])
      const ended = yield* post("/emulator/batches/finish")
      assert.deepInclude(ended, { created: 1, answered: 1 })
      const batches = ended["batches"] as ReadonlyArray<Record<string, unknown>>
      assert.strictEqual(batches[0]?.["name"], "job-1")
      assert.strictEqual(batches[0]?.["state"], "completed")
      assert.deepStrictEqual((yield* post("/emulator/batches/reset"))["batches"], [])
      yield* stop("SIGTERM")
    }),
  )
})
