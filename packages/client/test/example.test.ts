/** The chat page of the examples, in a real browser. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Page } from "playwright-core"

import { site } from "../../../examples/chat/site.ts"
import { browser, browserIsMissing, picture, visit } from "./support/browser.ts"
import { serve } from "./support/server.ts"

const ask = (page: Page, text: string) =>
  Effect.promise(async () => {
    await page.fill("textarea", text)
    await page.press("textarea", "Enter")
  })

const wait = (page: Page, selector: string) =>
  Effect.promise(() => page.waitForSelector(selector, { timeout: 120_000 }))

const newest = (page: Page) => Effect.promise(() => page.innerText("article[data-role=assistant] >> nth=-1"))

describe.skipIf(browserIsMissing)("the chat page, in Chromium if there is one", () => {
  it.live("streams, calls tools, falls back, stops, resumes, shows prices and lets nothing be injected", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(site)
      const { errors, page } = yield* visit(yield* browser, url)
      yield* ask(page, "What is the weather in Bergen?")
      yield* wait(page, "article:nth-of-type(2) footer")
      yield* wait(page, ".tool[data-state=result]")
      assert.match(yield* newest(page), /weather[\s\S]*In Bergen it rains[\s\S]*USD[\s\S]*2 attempts/)
      yield* picture(page, "chat-tool")

      yield* ask(page, "What happens when a provider is down?")
      yield* wait(page, "article:nth-of-type(4) footer")
      assert.match(yield* newest(page), /failed[\s\S]*so claude-sonnet-5-5 answers[\s\S]*another one answers/)
      yield* Effect.promise(() => page.emulateMedia({ colorScheme: "dark" }))
      yield* picture(page, "chat-fallback-dark")

      yield* ask(page, "Say something dangerous")
      yield* wait(page, "article:nth-of-type(6) footer")
      assert.include(yield* newest(page), '<img src=x onerror="alert(1)">')
      assert.strictEqual(yield* Effect.promise(() => page.locator("article img, article script, article a").count()), 0)

      yield* ask(page, "Tell me something long")
      yield* wait(page, "article:nth-of-type(8) li:nth-of-type(2)")
      yield* Effect.promise(() => page.reload())
      yield* wait(page, "article:nth-of-type(8) li:nth-of-type(6)")
      yield* Effect.promise(() => page.click("button.stop"))
      yield* wait(page, "article:nth-of-type(8) footer")
      const stopped = yield* newest(page)
      assert.include(stopped, "stopped")
      assert.strictEqual(stopped.split("The next forty hours").length, 2)
      assert.notInclude(stopped, "39:00")
      assert.deepStrictEqual(errors, [])
      yield* picture(page, "chat-resumed-and-stopped")
    }),
  )
})
