/** In a browser, which is asked for `globalThis.outcome`. */
import { Effect } from "effect"

import { expected, said } from "./portable.ts"

const outcome = Effect.runPromise(said).then((lines) =>
  lines.join("\n") === expected.join("\n") ? "as expected" : lines.join("\n"),
)

Object.assign(globalThis, { outcome })
