/**
 * `pnpm site`: looks at the site in Chromium. Every link and every anchor leads somewhere, search finds a policy, nothing is written to the
 * console, and there are pictures of it in light and in dark, in `artifacts/site`. Run it after `pnpm run docs`.
 */
import { existsSync, globSync, mkdirSync, readFileSync, statSync } from "node:fs"
import { createServer } from "node:http"
import { type AddressInfo } from "node:net"
import { dirname, extname, join } from "node:path"

import { type Browser, chromium, type Page } from "playwright-core"

const root = join(import.meta.dirname, "../docs/.vitepress/dist")
const pictures = join(import.meta.dirname, "../artifacts/site")

const complaints: Array<string> = []

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".json": "application/json",
  ".txt": "text/plain",
  ".md": "text/plain",
}

/** The file behind an address, as GitHub Pages finds it. */
const fileOf = (address: string): string | undefined => {
  const path = join(root, decodeURIComponent(address))
  return [path, `${path}.html`, join(path, "index.html")].find((each) => existsSync(each) && statSync(each).isFile())
}

const ids = new Map<string, ReadonlySet<string>>()

const idsOf = (file: string): ReadonlySet<string> => {
  const known = ids.get(file)
  if (known !== undefined) return known
  const found = new Set([...readFileSync(file, "utf8").matchAll(/\sid="([^"]*)"/g)].map(([, id = ""]) => id))
  ids.set(file, found)
  return found
}

/** Links of a page that lead nowhere. */
const brokenIn = (page: string): ReadonlyArray<string> => {
  const html = readFileSync(join(root, page), "utf8")
  const links = [...html.matchAll(/<(?:a|img|link|script)\b[^>]*?\s(?:href|src)="([^"]*)"/g)]
  return links.flatMap(([, link = ""]) => {
    if (/^(?:[a-z]+:|\/\/)/.test(link)) return []
    const [path = "", anchor = ""] = link.replaceAll("&amp;", "&").split("#")
    const address = path.startsWith("/") ? path : join("/", dirname(page), path)
    const file = path === "" ? join(root, page) : fileOf(address.replace(/\?.*$/, ""))
    if (file === undefined) return [`${page} links to ${link}, which is not there`]
    const isThere = anchor === "" || !file.endsWith(".html") || idsOf(file).has(decodeURIComponent(anchor))
    return isThere ? [] : [`${page} links to ${link}, which has no such heading`]
  })
}

const server = createServer((request, response) => {
  const file = fileOf(new URL(request.url ?? "/", "http://localhost").pathname)
  if (file === undefined) response.writeHead(404).end()
  else response.setHeader("content-type", types[extname(file)] ?? "application/octet-stream").end(readFileSync(file))
})

const opened = async (browser: Browser, colorScheme: "light" | "dark"): Promise<Page> => {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 900 } })
  const page = await context.newPage()
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${String(error)}`))
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${page.url()} says ${message.text()}`)
  })
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${page.url()} asks for ${response.url()}: ${response.status()}`)
  })
  return page
}

const seen: Readonly<Record<string, string>> = {
  home: "/",
  pages: "/pages",
  policy: "/retry",
  plots: "/simulator",
  providers: "/providers/",
  benchmarks: "/benchmarks",
  reference: "/api/@holdfast/core/namespaces/Retry",
}

const photograph = async (page: Page, origin: string, scheme: string): Promise<void> => {
  for (const [name, address] of Object.entries(seen)) {
    // oxlint-disable-next-line eslint/no-await-in-loop -- one page, one after the other
    await page.goto(origin + address, { waitUntil: "networkidle" })
    // oxlint-disable-next-line eslint/no-await-in-loop -- as above
    if (name === "plots") await page.locator(".vp-doc img").first().scrollIntoViewIfNeeded()
    // oxlint-disable-next-line eslint/no-await-in-loop -- as above
    await page.screenshot({ path: join(pictures, `${name}-${scheme}.png`) })
  }
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto(origin, { waitUntil: "networkidle" })
  await page.screenshot({ path: join(pictures, `phone-${scheme}.png`) })
  await page.setViewportSize({ width: 1280, height: 900 })
}

/** The first result of a search, after it has been followed. */
const search = async (page: Page, origin: string, words: string): Promise<string> => {
  await page.goto(origin, { waitUntil: "networkidle" })
  await page.click("#local-search button")
  await page.fill("#localsearch-input", words)
  await page.waitForSelector(".VPLocalSearchBox .result")
  await page.screenshot({ path: join(pictures, "search.png") })
  await page.click(".VPLocalSearchBox .result >> nth=0")
  await page.waitForSelector("main h1")
  return new URL(page.url()).pathname
}

const look = async (origin: string): Promise<void> => {
  const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium"
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] })
  try {
    const [light, dark] = await Promise.all([opened(browser, "light"), opened(browser, "dark")])
    await photograph(light, origin, "light")
    await photograph(dark, origin, "dark")
    const isDark = await dark.evaluate(`document.documentElement.classList.contains("dark")`)
    if (isDark !== true) complaints.push("The site is not dark where a reader wants it so")
    const found = await search(light, origin, "circuit breaker")
    if (!/breaker/i.test(found)) complaints.push(`Search for a circuit breaker leads to ${found}`)
  } finally {
    await browser.close()
  }
}

const htmlPages = globSync("**/*.html", { cwd: root })
for (const page of htmlPages) complaints.push(...brokenIn(page))

for (const name of ["llms.txt", "llms-full.txt"]) {
  const links = readFileSync(join(root, name), "utf8").matchAll(/^- \[[^\]]*\]\((\/[^)]*)\)/gm)
  for (const [, link = ""] of links) {
    if (fileOf(link) === undefined) complaints.push(`${name} links to ${link}, which is not there`)
  }
}

mkdirSync(pictures, { recursive: true })
await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
await look(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
server.close()

if (complaints.length > 0) {
  process.stderr.write(`${[...new Set(complaints)].join("\n")}\n`)
  process.exitCode = 1
} else process.stdout.write(`${htmlPages.length} pages are well; pictures are in artifacts/site\n`)
