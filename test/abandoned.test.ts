import { execFile } from "node:child_process"
import { promisify } from "node:util"

import { assert, describe, it } from "@effect/vitest"

const run = promisify(execFile)

describe("streams that are left between two of their parts", () => {
  it("keep nothing on the heap", async () => {
    const program = new URL("support/abandoned.ts", import.meta.url).pathname
    const { stdout } = await run(process.execPath, ["--expose-gc", program, "200"])
    const kept = Object.entries(JSON.parse(stdout) as Record<string, number>)
    assert.lengthOf(kept, 4)
    // A request and what hangs on it are some 15,000 bytes. Code that is compiled meanwhile is some, too.
    for (const [api, bytes] of kept) assert.isBelow(bytes, 5_000, api)
  })
})
