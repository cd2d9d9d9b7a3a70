/**
 * What an answer costs a page in script: our hook beside that of Vercel, against one server, in one Chromium.
 *
 * 1,000 tokens come two at a time every 4 milliseconds, below 20 messages that are there already.
 */
import { Effect } from "effect"
import { type Browser } from "playwright-core"

import { browser, browserIsMissing, visit } from "../packages/client/test/support/browser.ts"
import { bundles, pagesOn, tokensAsked } from "../packages/client/test/support/pages.ts"
import { serve } from "../packages/client/test/support/server.ts"

const question = "1000 tokens, 2 at a time, every 4 ms"

const isOver = `[...document.querySelectorAll("[data-role=assistant]")].at(-1)?.textContent.includes("t1000 ") &&
  document.querySelector("main").dataset.status === "ready"`

/** Milliseconds of script for one answer. */
const scriptOf = (open: Browser, url: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { cdp, page } = yield* visit(open, `${url}?older&quiet`)
      const spent = Effect.map(
        Effect.promise(() => cdp.send("Performance.getMetrics")),
        ({ metrics }) => (metrics.find(({ name }) => name === "ScriptDuration")?.value ?? Number.NaN) * 1_000,
      )
      yield* Effect.promise(async () => {
        await cdp.send("Performance.enable")
        await page.waitForFunction(`document.querySelector("main") !== null`)
      })
      const before = yield* spent
      yield* Effect.promise(async () => {
        await page.evaluate(`void driver.send(${JSON.stringify(question)})`)
        // Seldom, because looking is script as well.
        await page.waitForFunction(isOver, undefined, { polling: 500, timeout: 0 })
      })
      return (yield* spent) - before
    }),
  )

const rounds = 5

/** Nothing where there is no browser. */
export const hooks = Effect.gen(function* () {
  if (browserIsMissing) return undefined
  const open = yield* browser
  const { url } = yield* serve(pagesOn(yield* bundles, tokensAsked))
  const times = { ours: [] as Array<number>, vercel: [] as Array<number> }
  for (let round = -1; round < rounds; round++) {
    for (const name of ["ours", "vercel"] as const) {
      const time = yield* scriptOf(open, `${url}/${name}`)
      if (round >= 0) times[name].push(time)
    }
  }
  return times
})
