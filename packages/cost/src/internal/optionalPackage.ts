/**
 * Packages that are installed only by those who want them. No public type comes from here: types that name such a package do not
 * compile where it is missing.
 */
import { Effect } from "effect"

import { PackageMissing } from "./packageMissing.ts"

const load = <A>(name: string, module: () => Promise<A>): Effect.Effect<A, PackageMissing> =>
  Effect.tryPromise({ try: module, catch: (cause) => new PackageMissing({ package: name, cause }) })

// Bundlers take a package that is not there for a mistake, unless it is imported within `try`.

/* oxlint-disable eslint/no-useless-catch -- it is there for bundlers to see */

/** Loads prices when the effect runs. */
export const genaiPrices = load("@pydantic/genai-prices", async () => {
  try {
    return await import("@pydantic/genai-prices")
  } catch (cause) {
    throw cause
  }
})

/** Loads OpenAI's tokenizer when the effect runs. */
export const gptTokenizer = load("gpt-tokenizer", async () => {
  try {
    return await import("gpt-tokenizer/encoding/o200k_base")
  } catch (cause) {
    throw cause
  }
})
