/**
 * The first bytes of files.
 */
export const bytes = (...parts: ReadonlyArray<string | number>): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === "string" ? Array.from(part, (letter) => letter.charCodeAt(0)) : [part])),
  )

export const zeros = (count: number) => Array<number>(count).fill(0)

export const png = (width: number, height: number): Uint8Array => {
  const header = bytes(0x89, "PNG\r\n\u001a\n", ...zeros(3), 13, "IHDR", ...zeros(8))
  const view = new DataView(header.buffer)
  view.setUint32(16, width)
  view.setUint32(20, height)
  return header
}
