/** In workerd, the runtime of Cloudflare's workers: `workerd test` runs it. */
import { Effect } from "effect"

import { expected, said } from "./portable.ts"

export default {
  test: async (): Promise<void> => {
    const lines = await Effect.runPromise(said)
    if (lines.join("\n") !== expected.join("\n")) throw new Error(`said\n${lines.join("\n")}`)
  },
}
