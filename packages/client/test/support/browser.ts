/** A real Chromium, where there is one. */
import { existsSync, mkdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { Effect, type Scope } from "effect"
import { type Browser, chromium, type Page } from "playwright-core"

const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium"

export const browserIsMissing = !existsSync(executablePath)

const flags =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage".split(
    " ",
  )

/** A browser until the scope ends. */
export const browser: Effect.Effect<Browser, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => chromium.launch({ executablePath, args: flags })),
  (open) => Effect.promise(() => open.close()),
)

/** A page of its own storage, until the scope ends. What it throws fails the test. */
export const visit = (open: Browser, url: string) =>
  Effect.gen(function* () {
    const context = yield* Effect.acquireRelease(
      Effect.promise(() => open.newContext({ viewport: { width: 900, height: 700 } })),
      (each) => Effect.promise(() => each.close()),
    )
    const page = yield* Effect.promise(() => context.newPage())
    const errors: Array<string> = []
    page.on("pageerror", (error) => void errors.push(String(error)))
    yield* Effect.promise(() => page.goto(url))
    return { page, errors, cdp: yield* Effect.promise(() => context.newCDPSession(page)) }
  })

const artifacts = fileURLToPath(new URL("../../artifacts/", import.meta.url))

/** A picture for people, in a folder that git does not keep. */
export const picture = (page: Page, name: string) =>
  Effect.promise(async () => {
    mkdirSync(artifacts, { recursive: true })
    await page.screenshot({ path: `${artifacts}${name}.png` })
  })
