/** The hook in a real browser, beside that of Vercel. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { type Browser, type Page } from "playwright-core"

import { browser, browserIsMissing, picture, visit } from "./support/browser.ts"
import { bundles, pagesOn, tokens, tokensAsked } from "./support/pages.ts"
import { serve } from "./support/server.ts"

class Shared extends Context.Service<
  Shared,
  { readonly open: Browser; readonly pages: Effect.Success<typeof bundles> }
>()("test/Shared") {}

const shared = Layer.effect(
  Shared,
  Effect.map(Effect.all([browser, bundles], { concurrency: 2 }), ([open, pages]) => ({ open, pages })),
)

interface Counts {
  readonly list: number
  readonly message: number
  readonly frames: number
}

const reset = (page: Page) =>
  Effect.promise(() => page.evaluate("for (const name in counts) counts[name] = 0; undefined"))

const countsOf = (page: Page) => Effect.promise(() => page.evaluate<Counts>("({ ...counts })"))

const send = (page: Page, text: string) =>
  Effect.promise(() => page.evaluate(`void driver.send(${JSON.stringify(text)})`))

/** Until the page says so, however long that takes. */
const until = (page: Page, expression: string) =>
  Effect.promise(() => page.waitForFunction(expression, undefined, { timeout: 120_000 }))

const status = (page: Page, wanted: string) =>
  until(page, `document.querySelector("main")?.dataset.status === ${JSON.stringify(wanted)}`)

const answer = (page: Page) =>
  Effect.promise(() =>
    page.evaluate<string>(`[...document.querySelectorAll("[data-role=assistant]")].at(-1)?.textContent ?? ""`),
  )

const error = (page: Page) =>
  Effect.promise(() => page.evaluate<string | null>(`document.querySelector("main").dataset.error ?? null`))

const words = (page: Page, count: number) =>
  until(page, `[...document.querySelectorAll("[data-role=assistant]")].at(-1)?.textContent.includes("t${count} ")`)

const site = Effect.gen(function* () {
  const { open, pages } = yield* Shared
  const served = yield* serve(pagesOn(pages, tokensAsked))
  return { ...served, visit: (path: string) => visit(open, `${served.url}/${path}`) }
})

describe.skipIf(browserIsMissing)("in Chromium, if there is one", () => {
  it.layer(shared, { excludeTestServices: true })((test) => {
    test.effect("an answer draws the list at most 5 times, and a message at most once in a frame", () =>
      Effect.gen(function* () {
        const { errors, page } = yield* Effect.flatMap(site, ({ visit: to }) => to("ours?older"))
        yield* status(page, "ready")
        yield* reset(page)
        yield* send(page, "10000 tokens, 20 at a time")
        yield* words(page, 10_000)
        yield* status(page, "ready")
        assert.strictEqual(yield* answer(page), tokens(10_000))
        const counts = yield* countsOf(page)
        assert.isAtMost(counts.list, 5)
        // Those of the question and of the answer, with the first and the last draw of it.
        assert.isAtMost(counts.message, counts.frames + 6)
        assert.deepStrictEqual(errors, [])
        yield* picture(page, "10000-tokens")
      }),
    )

    test.effect("a component that reads the messages is drawn at most once in a frame, with React 18 and 19", () =>
      Effect.gen(function* () {
        const { visit: to } = yield* site
        for (const name of ["ours", "old"]) {
          const { errors, page } = yield* to(`${name}?whole`)
          yield* status(page, "ready")
          yield* reset(page)
          yield* send(page, "2000 tokens, 4 at a time")
          yield* words(page, 2_000)
          yield* status(page, "ready")
          const counts = yield* countsOf(page)
          assert.isAtMost(counts.list, counts.frames + 5)
          assert.deepStrictEqual(errors, [])
        }
      }),
    )

    test.effect("useChat of @ai-sdk/react works against the same server", () =>
      Effect.gen(function* () {
        const { errors, page } = yield* Effect.flatMap(site, ({ visit: to }) => to("vercel?older"))
        yield* status(page, "ready")
        yield* send(page, "200 tokens, 2 at a time")
        yield* words(page, 200)
        yield* status(page, "ready")
        assert.strictEqual(yield* answer(page), tokens(200))
        assert.deepStrictEqual(errors, [])
        yield* picture(page, "vercel")
      }),
    )

    test.effect("stop keeps what has come", () =>
      Effect.gen(function* () {
        const { page } = yield* Effect.flatMap(site, ({ visit: to }) => to("ours"))
        yield* status(page, "ready")
        yield* send(page, "1000000 tokens, every 5 ms")
        yield* words(page, 3)
        yield* Effect.promise(() => page.evaluate("driver.stop()"))
        yield* status(page, "ready")
        const text = yield* answer(page)
        assert.strictEqual(text, tokens(text.split(" ").length - 1))
        assert.strictEqual(yield* error(page), null)
      }),
    )

    test.effect("a reload in the middle of an answer goes on with it", () =>
      Effect.gen(function* () {
        const { page } = yield* Effect.flatMap(site, ({ visit: to }) => to("ours"))
        yield* status(page, "ready")
        yield* send(page, "60 tokens, every 10 ms")
        yield* words(page, 5)
        yield* Effect.promise(() => page.reload())
        yield* words(page, 60)
        yield* status(page, "ready")
        assert.strictEqual(yield* answer(page), tokens(60))
        // And once more, where it is over.
        yield* Effect.promise(() => page.reload())
        yield* status(page, "ready")
        assert.strictEqual(yield* answer(page), tokens(60))
      }),
    )

    test.effect("another id is another conversation, and the first one is there again with its id", () =>
      Effect.gen(function* () {
        const { page } = yield* Effect.flatMap(site, ({ visit: to }) => to("ours"))
        yield* status(page, "ready")
        yield* send(page, "60 tokens, every 10 ms")
        yield* words(page, 3)
        yield* Effect.promise(() => page.evaluate(`driver.open("d")`))
        yield* until(page, `document.querySelectorAll("article").length === 0`)
        yield* Effect.promise(() => page.evaluate(`driver.open("c")`))
        yield* words(page, 60)
        yield* status(page, "ready")
        assert.strictEqual(yield* answer(page), tokens(60))
      }),
    )

    test.effect("connections that are cut again and again lose nothing and double nothing", () =>
      Effect.gen(function* () {
        const { cut, visit: to } = yield* site
        const { page } = yield* to("ours")
        yield* status(page, "ready")
        yield* send(page, "90 tokens, every 10 ms")
        for (const count of [10, 30, 60]) {
          yield* words(page, count)
          yield* cut
        }
        yield* words(page, 90)
        yield* status(page, "ready")
        assert.strictEqual(yield* answer(page), tokens(90))
        assert.strictEqual(yield* error(page), null)
      }),
    )

    test.effect(
      "a server that is killed in the middle is an error beside what has come, and its successor answers",
      () =>
        Effect.gen(function* () {
          const { open, pages } = yield* Shared
          const first = yield* Scope.make()
          const { port, url } = yield* Scope.provide(serve(pagesOn(pages, tokensAsked)), first)
          const { page } = yield* visit(open, `${url}/ours`)
          yield* status(page, "ready")
          yield* send(page, "1000000 tokens, every 5 ms")
          yield* words(page, 5)
          yield* Scope.close(first, Exit.void)
          yield* serve(pagesOn(pages, tokensAsked), port)
          yield* status(page, "error")
          assert.strictEqual(yield* error(page), "ConnectionLost")
          assert.include(yield* answer(page), "t5 ")
          yield* picture(page, "server-killed")
          yield* send(page, "20 tokens")
          yield* words(page, 20)
          yield* status(page, "ready")
          assert.strictEqual(yield* answer(page), tokens(20))
        }),
    )

    test.effect("a slow network delays an answer, and does no more", () =>
      Effect.gen(function* () {
        const { cdp, page } = yield* Effect.flatMap(site, ({ visit: to }) => to("ours"))
        yield* status(page, "ready")
        const slow = { offline: false, latency: 100, downloadThroughput: 20_000, uploadThroughput: 20_000 }
        yield* Effect.promise(() => cdp.send("Network.enable"))
        yield* Effect.promise(() => cdp.send("Network.emulateNetworkConditions", slow))
        yield* send(page, "300 tokens, 10 at a time")
        yield* words(page, 300)
        yield* status(page, "ready")
        assert.strictEqual(yield* answer(page), tokens(300))
      }),
    )
  })
})
