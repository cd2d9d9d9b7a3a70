import { assert, it } from "@effect/vitest"

import { sdkLoadedBy } from "../../../test/support/lazySdk.ts"

it("loads the SDK only when a client is made", () => {
  const index = new URL("../src/index.ts", import.meta.url)
  assert.deepStrictEqual(sdkLoadedBy({ index, client: "AnthropicClient", sdk: "@anthropic-ai" }), [false, true])
}, 20_000)
