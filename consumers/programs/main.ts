/** On Node.js, Bun and Deno. */
import { Effect } from "effect"

import { expected, said } from "./portable.ts"

const lines = await Effect.runPromise(said)
// oxlint-disable-next-line eslint/no-console -- it is a program
console.log(lines.join("\n"))
if (lines.join("\n") !== expected.join("\n")) throw new Error(`expected\n${expected.join("\n")}`)
