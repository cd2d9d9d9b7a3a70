import { fileURLToPath } from "node:url"

import { defineConfig } from "vitest/config"

import { doctest } from "./test/doctest.ts"

const isMeasured = process.argv.some((argument) => argument.startsWith("--coverage"))

// Node runs TypeScript by itself. So tests load the modules that programs load, and faster. Coverage counts fewer branches then.
const experimental = isMeasured ? {} : { viteModuleRunner: false, nodeLoader: false }

// Workers, and the processes that tests start, compile each module once for all of them. Functions that come from this cache
// count as not covered.
if (!isMeasured) {
  process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url))
}

// No test depends on speed. These only end what hangs, on the slowest of machines.
const patience = { testTimeout: 300_000, hookTimeout: 300_000 }

export default defineConfig({
  test: {
    isolate: false,
    maxWorkers: "100%",
    // Effects are short-lived objects: with a young generation that holds more of them, a tenth of the suite's time is saved.
    execArgv: ["--max-semi-space-size=64"],
    projects: [
      // By its name it is first: its examples mostly wait, while others compute.
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
          name: "tests",
          include: ["packages/*/test/**/*.test.ts", "test/*.test.ts"],
          exclude: ["test/doctest.test.ts"],
          setupFiles: ["test/assertions.ts"],
          experimental,
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
