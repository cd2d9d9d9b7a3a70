import { defineConfig } from "vitest/config"

import { doctest } from "./test/doctest.ts"

export default defineConfig({
  test: {
    projects: [
      "packages/*",
      { plugins: [doctest()], test: { name: "docs", include: ["test/*.test.ts"], testTimeout: 20_000 } },
    ],
    coverage: {
      include: ["packages/*/src/**"],
      thresholds: { lines: 90, functions: 90, branches: 90, statements: 90 },
    },
  },
})
