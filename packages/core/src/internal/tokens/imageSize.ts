/**
 * The size of an image, from the first bytes of its file.
 */

export interface Size {
  readonly width: number
  readonly height: number
}

/** Reads PNG, GIF, WebP and JPEG. Nothing for anything else, and for what is cut or broken. */
export const imageSize = (bytes: Uint8Array): Size | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = png(view) ?? gif(view) ?? webp(view) ?? jpeg(view)
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined
}

type Read = (view: DataView) => Size | undefined

const starts = (view: DataView, at: number, ...expected: ReadonlyArray<number>): boolean =>
  view.byteLength >= at + expected.length && expected.every((byte, index) => view.getUint8(at + index) === byte)

const png: Read = (view) =>
  starts(view, 0, 0x89, 0x50, 0x4e, 0x47) && view.byteLength >= 24
    ? { width: view.getUint32(16), height: view.getUint32(20) }
    : undefined

const gif: Read = (view) =>
  starts(view, 0, 0x47, 0x49, 0x46, 0x38) && view.byteLength >= 10
    ? { width: view.getUint16(6, true), height: view.getUint16(8, true) }
    : undefined

const webp: Read = (view) => {
  if (!starts(view, 0, 0x52, 0x49, 0x46, 0x46) || !starts(view, 8, 0x57, 0x45, 0x42, 0x50) || view.byteLength < 30) {
    return undefined
  }
  if (starts(view, 12, 0x56, 0x50, 0x38, 0x58)) {
    const three = (at: number) => view.getUint16(at, true) + view.getUint8(at + 2) * 0x1_0000 + 1
    return { width: three(24), height: three(27) }
  }
  if (starts(view, 12, 0x56, 0x50, 0x38, 0x4c)) {
    const bits = view.getUint32(21, true)
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 }
  }
  return starts(view, 12, 0x56, 0x50, 0x38, 0x20)
    ? { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
    : undefined
}

// Every segment is at least two bytes long, so that this ends.
const jpeg: Read = (view) => {
  if (!starts(view, 0, 0xff, 0xd8)) return undefined
  let at = 2
  while (at + 9 <= view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1)
    if (isFrame(marker)) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) }
    at += 2 + Math.max(view.getUint16(at + 2), 2)
  }
  return undefined
}

const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
