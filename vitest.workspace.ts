import { defineConfig } from "vitest/config"

import { doctest } from "./test/doctest.ts"

export default defineConfig({
  test: {
    projects: [
      "packages/*",
      {
        plugins: [doctest()],
        test: {
          name: "docs",
          include: ["test/doctest.test.ts"],
          setupFiles: ["test/providers.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "providers",
          include: ["test/*.test.ts"],
          exclude: ["test/doctest.test.ts"],
          testTimeout: 20_000,
        },
      },
    ],
    coverage: {
      include: ["packages/*/src/**"],
      thresholds: { lines: 90, functions: 90, branches: 90, statements: 90 },
    },
  },
})
