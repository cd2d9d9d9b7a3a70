import { execFileSync } from "node:child_process"

import { assert, it } from "@effect/vitest"

const script = `
  import { registerHooks } from "node:module"
  let loaded = false
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "@google/genai" || specifier.startsWith("@google/genai/")) loaded = true
      return next(specifier, context)
    },
  })
  const { GoogleClient } = await import(${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)})
  const { Effect, Redacted } = await import("effect")
  const before = loaded
  await Effect.runPromise(GoogleClient.make({ apiKey: Redacted.make("test-key") }))
  console.log(JSON.stringify([before, loaded]))
`

it("loads the SDK only when a client is made", () => {
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: new URL("..", import.meta.url),
    encoding: "utf8",
  })
  assert.deepStrictEqual(JSON.parse(output), [false, true])
}, 20_000)
