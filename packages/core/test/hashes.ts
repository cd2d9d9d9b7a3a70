import { createHash } from "node:crypto"

import { afterAll, vi } from "vitest"

/** Makes hashes that are there at once, because the time of a test does not wait for real ones. */
export const hashAtOnce = (): void => {
  const digest = (_: string, bytes: Uint8Array) => {
    const hash = createHash("sha256").update(bytes).digest()
    // oxlint-disable-next-line unicorn/no-thenable -- A promise would be there only after the next turn.
    return { then: (resolved: (hash: Uint8Array) => void) => resolved(hash) }
  }
  const spy = vi.spyOn(crypto.subtle, "digest").mockImplementation(digest as never)
  // Other files may run in the same process.
  afterAll(() => spy.mockRestore())
}
