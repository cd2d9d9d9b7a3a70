import { assert, describe, it } from "@effect/vitest"

import { fingerprint, redactHeaders, redactQuery } from "../../../src/internal/emulator/redact.ts"

describe("redaction", () => {
  it("gives equal keys equal fingerprints, whatever the scheme is written like", () => {
    assert.strictEqual(fingerprint("a"), fingerprint("a"))
    assert.notStrictEqual(fingerprint("a"), fingerprint("b"))
    assert.deepStrictEqual(
      redactHeaders({ authorization: "BEARER  a", "x-api-key": "a", accept: "b", host: undefined }),
      {
        authorization: fingerprint("a"),
        "x-api-key": fingerprint("a"),
        accept: "b",
      },
    )
  })

  it("leaves the rest of a query alone", () => {
    assert.deepStrictEqual(redactQuery(new URLSearchParams("alt=sse&key=a")), { alt: "sse", key: fingerprint("a") })
  })
})
