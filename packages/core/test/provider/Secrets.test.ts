import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import * as fc from "fast-check"

import * as Secrets from "../../src/provider/Secrets.ts"

const key = `sk-live/"A+b=c&<9>'~$1\\`
const html = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

describe("secrets", () => {
  const forms: ReadonlyArray<readonly [string, string]> = [
    ["as it is", key],
    ["escaped for a URL", encodeURIComponent(key)],
    ["in lower case", encodeURIComponent(key).replaceAll(/%../g, (code) => code.toLowerCase())],
    ["twice", encodeURIComponent(encodeURIComponent(key))],
    ["as a form", new URLSearchParams({ key }).toString().slice(4)],
    ["for HTML", html(key)],
    ["for HTML, twice", html(html(key))],
    ["for HTML, quotes by number", html(key).replaceAll("'", "&#39;").replaceAll("/", "&#x2F;")],
    ["for JSON", JSON.stringify(key).slice(1, -1)],
    ["for JSON, as PHP does", JSON.stringify(key).slice(1, -1).replaceAll("/", "\\/")],
    ["for JSON, as Go does", JSON.stringify(key).slice(1, -1).replaceAll("<", "\\u003c").replaceAll("&", "\\u0026")],
    ["JSON within JSON", JSON.stringify(JSON.stringify(key)).slice(3, -3)],
    ["JSON within HTML", html(JSON.stringify(key)).slice(6, -6)],
    ["in base64", btoa(key)],
    ["in base64 for URLs", btoa(key).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")],
    ["in base64 in a URL", encodeURIComponent(btoa(key))],
    ["in base64 after a name", btoa(`user:${key}`)],
    ["in base64 after another", btoa(`me:${key}@`)],
    ["in base64 within a header", btoa(`Bearer ${key}\r\n`)],
    ["in hexadecimal digits", Buffer.from(key).toString("hex")],
    ["in capitals", key.toUpperCase()],
  ]
  const keyScrub = Secrets.make(Redacted.make(key)).scrub

  for (const [form, text] of forms) {
    it(`are removed ${form}`, () => {
      assert.match(keyScrub(`the key ${text} is wrong`), /^the key \S{0,12}<redacted>\S{0,3} is wrong$/)
      assert.notInclude(keyScrub(text), text.slice(0, 12))
    })
  }

  it("are removed where they were cut, and what says nothing stays", () => {
    const { scrub } = Secrets.make("sk-proj-0123456789abcdefghijklmnopqrstuvwxyz")
    assert.strictEqual(scrub("key sk-proj-0123456789abcdef… is"), "key <redacted>… is")
    assert.strictEqual(scrub("Incorrect key: sk-proj-0****wxyz"), "Incorrect key: sk-proj-0****wxyz")
  })

  it("that are short are removed where they stand by themselves", () => {
    const { scrub } = Secrets.make("key")
    assert.strictEqual(scrub("monkey=key&x=%20key, keys"), "monkey=<redacted>&x=%20<redacted>, keys")
  })

  it("may be added at any time, and the oldest go first", () => {
    const secrets = Secrets.make("first-secret", undefined, "", "  ")
    assert.strictEqual(secrets.scrub("first-secret second-secret"), "<redacted> second-secret")
    secrets.add("second-secret", Redacted.make("third-secret"))
    assert.strictEqual(secrets.scrub("first-secret second-secret third-secret"), "<redacted> <redacted> <redacted>")
    for (let index = 0; index < 254; index++) secrets.add(`rotated-secret-${index}-x`)
    assert.strictEqual(secrets.scrub("first-secret second-secret"), "first-secret <redacted>")
    secrets.add("second-secret", "one-more-secret", "yet-one-more")
    assert.strictEqual(secrets.scrub("second-secret third-secret"), "<redacted> third-secret")
  })

  it("that hold one another leave nothing", () => {
    const { scrub } = Secrets.make("abcdefgh", "abcdefgh-and-more")
    assert.strictEqual(scrub("abcdefgh-and-more abcdefgh"), "<redacted> <redacted>")
  })

  it("leave no half where a text is cut", () => {
    const secret = "sk-0123456789abcdefghijklmnopqrstuvwxyz"
    const { scrub } = Secrets.make(secret)
    for (const before of [199_970, 199_990, 199_998]) {
      assert.notInclude(scrub(`${"x".repeat(before)}${secret}`), "sk-0")
    }
  })

  it("of any characters are found in any text", () => {
    const printable = fc.string({ minLength: 8, maxLength: 60, unit: "grapheme-ascii" }).filter((s) => s === s.trim())
    fc.assert(
      fc.property(printable, (secret) => {
        const { scrub } = Secrets.make(secret)
        for (const form of [secret, encodeURIComponent(secret), html(secret), JSON.stringify(secret), btoa(secret)]) {
          assert.include(scrub(`<${form}>`), "<redacted>")
        }
      }),
      { seed: 7, numRuns: 200 },
    )
  })
})

describe("the secrets of a client", () => {
  it("are in its headers, save those that are known to hold none", () => {
    assert.deepStrictEqual(
      Secrets.ofHeaders({
        Authorization: "Bearer abcdefghij",
        "x-api-key": "k1",
        "x-tenant": "tenant-of-ours",
        "x-short": "short",
        "content-type": "application/json",
        "user-agent": "our-application/1.0",
        "anthropic-beta": "context-1m-2025-08-07",
        "http-referer": "https://our.example",
      }),
      ["Bearer abcdefghij", "abcdefghij", "k1", "tenant-of-ours"],
    )
    const { scrub } = Secrets.make(
      ...Secrets.ofHeaders({
        "proxy-authorization": `Basic ${btoa("me:pass-word")}`,
        cookie: "a=b; session=0123456789",
      }),
    )
    assert.strictEqual(scrub("pass-word 0123456789 a"), "<redacted> <redacted> a")
  })

  it("are in its URL", () => {
    assert.deepStrictEqual(Secrets.ofUrl("https://a.example/v1?api-key=abc&api-version=2024-10-21-preview&page=2"), [
      "abc",
    ])
    assert.deepStrictEqual(Secrets.ofUrl("https://me:pass%2Bword@a.example/"), ["pass+word", "me:pass%2Bword"])
    assert.deepStrictEqual(Secrets.ofUrl("/v1"), [])
  })
})
