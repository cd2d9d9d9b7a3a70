import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { Prompt } from "effect/ai"

import * as Media from "../../src/provider/Media.ts"
import { Refusals } from "../../src/provider/Refusals.ts"

const file = (data: string | Uint8Array | URL, mediaType = "image/png", fileName?: string) =>
  Prompt.filePart({ data, mediaType, ...(fileName !== undefined && { fileName }) })

const inline = (mediaType: string, base64: string): Media.Media => ({
  _tag: "Inline",
  mediaType,
  base64,
  dataUrl: `data:${mediaType};base64,${base64}`,
})

describe("the bytes of a file", () => {
  it("are where its id says, whatever else it holds", () => {
    assert.deepStrictEqual(Media.mediaOf(file("AQID"), "file-1"), { _tag: "FileId", id: "file-1" })
  })

  it("are behind a link", () => {
    const link = { _tag: "Url", url: "https://a.example/x.png" } as const
    assert.deepStrictEqual(Media.mediaOf(file(new URL("https://a.example/x.png")), undefined), link)
    assert.deepStrictEqual(Media.mediaOf(file("https://a.example/x.png"), undefined), link)
  })

  it("are in the prompt itself, in any form", () => {
    const expected = inline("image/png", "AQID")
    assert.deepStrictEqual(Media.mediaOf(file(new Uint8Array([1, 2, 3])), undefined), expected)
    assert.deepStrictEqual(Media.mediaOf(file("AQID"), undefined), expected)
    const url = "data:image/png;base64,AQID"
    assert.deepStrictEqual(Media.mediaOf(file(url, "image/jpeg"), undefined), expected)
    assert.deepStrictEqual(Media.mediaOf(file(new URL(url), "image/jpeg"), undefined), expected)
  })

  it("are in a URL, however it is written", () => {
    const hello = inline("text/plain", "aGVsbG8sIHfDtnJsZA==")
    for (const url of [
      "data:text/plain;base64,aGVsbG8sIHfDtnJsZA==",
      'DATA:text/plain;name="my file.txt";BASE64,aGVsbG8sIHfDtnJsZA==',
      "data:text/plain,hello,%20w%C3%B6rld",
      "data:text/plain;charset=utf-8,hello, wörld",
      "data:,hello,%20w%c3%b6rld",
    ]) {
      assert.deepStrictEqual(Media.mediaOf(file(url, "text/plain"), undefined), hello, url)
    }
    assert.deepStrictEqual(
      Media.mediaOf(file(new URL("data:,100%25%zz%"), "a/b"), undefined),
      inline("a/b", "MTAwJSV6eiU="),
    )
    assert.deepStrictEqual(Media.mediaOf(file("data:a/b,%ff%00", "a/b"), undefined), inline("a/b", "/wA="))
  })

  it("get a concrete type", () => {
    assert.deepStrictEqual(Media.mediaOf(file("AQID", "image/*"), undefined), inline("image/jpeg", "AQID"))
    assert.strictEqual(Media.concrete("image/webp"), "image/webp")
  })
})

describe("a link that nobody can follow", () => {
  it.effect("is refused, and others are not", () =>
    Effect.gen(function* () {
      const check = (data: string | Uint8Array | URL) => {
        const refusals = new Refusals("acme", "acme-1")
        Media.refuseUnreadable(file(data), "prompt[0].file", refusals)
        return Effect.option(Effect.flip(refusals.check("body")))
      }
      for (const data of ["AQID", new Uint8Array(), new URL("https://a.example/"), new URL("data:,x")]) {
        assert.isTrue(Option.isNone(yield* check(data)))
      }
      const refused = Option.getOrThrow(yield* check(new URL("file:///etc/passwd")))
      assert.deepInclude(refused, { _tag: "UnsupportedOption", option: "prompt[0].file" })
    }),
  )
})

describe("the name of a file", () => {
  it("is its own, or made from its type", () => {
    assert.strictEqual(Media.fileNameOf(file("AQID", "application/pdf", "mine.pdf"), 2), "mine.pdf")
    assert.strictEqual(Media.fileNameOf(file("AQID", "application/pdf"), 2), "file-2.pdf")
    assert.strictEqual(Media.fileNameOf(file("AQID", "image/svg+xml"), 0), "file-0.xml")
    assert.strictEqual(Media.fileNameOf(file("AQID", "audio/wav"), 0), "file-0.wav")
  })
})
