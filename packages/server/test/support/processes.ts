/** Processes of their own that share their answers. */
import { spawn } from "node:child_process"
import { once } from "node:events"

import { Effect } from "effect"

/** Runs until the scope ends, or until it is killed. */
export const ownProcess = (prefix: string, lease = 15_000) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const file = new URL("../workers/serve.ts", import.meta.url).pathname
      const child = spawn(process.execPath, [file, prefix, String(lease)], { stdio: ["ignore", "pipe", "inherit"] })
      const [port] = (await once(child.stdout, "data")) as [Buffer]
      return { url: `http://127.0.0.1:${port.toString().trim()}`, kill: () => void child.kill("SIGKILL") }
    }),
    ({ kill }) => Effect.sync(kill),
  )
