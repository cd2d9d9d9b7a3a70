import { readdirSync } from "node:fs"

import { defineConfig } from "vitest/config"

import { doctest } from "./test/doctest.ts"

// No test depends on speed. These only end what hangs, on the slowest of machines.
const patience = { testTimeout: 300_000, hookTimeout: 300_000 }

export default defineConfig({
  test: {
    // Effects are short-lived objects: with a young generation that holds more of them, a tenth of the suite's time is saved.
    execArgv: ["--max-semi-space-size=64"],
    projects: [
      ...readdirSync("packages").map((name) => ({
        root: `packages/${name}`,
        test: { name: `@holdfast/${name}`, ...patience },
      })),
      {
        plugins: [doctest()],
        test: {
          name: "docs",
          include: ["test/doctest.test.ts"],
          setupFiles: ["test/providers.ts"],
          ...patience,
        },
      },
      {
        test: {
          name: "providers",
          include: ["test/*.test.ts"],
          exclude: ["test/doctest.test.ts"],
          ...patience,
        },
      },
    ],
    coverage: {
      include: ["packages/*/src/**"],
      thresholds: { lines: 90, functions: 90, branches: 90, statements: 90 },
    },
  },
})
