import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { imageSize } from "../../../src/internal/tokens/imageSize.ts"
import { bytes, png, zeros } from "../../files.ts"

describe("the size of an image", () => {
  const images = [
    ["PNG", png(640, 480)],
    ["GIF", bytes("GIF89a", 0x80, 2, 0xe0, 1)],
    ["lossy WebP", bytes("RIFF", ...zeros(4), "WEBPVP8 ", ...zeros(10), 0x80, 2, 0xe0, 1)],
    ["lossless WebP", bytes("RIFF", ...zeros(4), "WEBPVP8L", ...zeros(4), 0x2f, 0x7f, 0xc2, 0x77, 0, ...zeros(5))],
    ["extended WebP", bytes("RIFF", ...zeros(4), "WEBPVP8X", ...zeros(8), 0x7f, 2, 0, 0xdf, 1, 0)],
    [
      "JPEG",
      bytes(
        0xff,
        0xd8,
        0xff,
        0xe0,
        0,
        4,
        9,
        9,
        0xff,
        0xc4,
        0,
        9,
        ...zeros(7),
        0xff,
        0xc2,
        0,
        17,
        8,
        1,
        0xe0,
        2,
        0x80,
        3,
        0,
      ),
    ],
  ] as const

  it.each(images)("of a %s", (_, image) => {
    assert.deepStrictEqual(imageSize(image), { width: 640, height: 480 })
  })

  it("is that of the file also inside of a larger buffer", () => {
    const image = png(3, 4)
    const larger = new Uint8Array(100)
    larger.set(image, 7)
    assert.deepStrictEqual(imageSize(larger.subarray(7, 7 + image.length)), { width: 3, height: 4 })
  })

  it("of what is cut, broken or no image is not known, and nothing crashes", () => {
    const broken = images.flatMap(([, image]) =>
      Array.from({ length: image.length }, (_, length) => image.subarray(0, length)),
    )
    for (const each of broken) imageSize(each)
    assert.isUndefined(imageSize(new Uint8Array()))
    assert.isUndefined(imageSize(png(0, 480)))
    assert.isUndefined(imageSize(bytes(0xff, 0xd8, ...Array<number>(10_000).fill(0xff))))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (any) => assert.doesNotThrow(() => imageSize(any))))
  })
})
