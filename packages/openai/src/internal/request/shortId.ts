const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

/** An id of nine letters and digits: the same for the same id. An id that is one already stays. */
export const shortId = (id: string): string => {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id
  // FNV-1a, twice with different seeds, for 2^46 ids.
  let left = 2_166_136_261
  let right = 3_332_679_571
  for (let at = 0; at < id.length; at++) {
    left = Math.imul(left ^ id.charCodeAt(at), 16_777_619)
    right = Math.imul(right ^ id.charCodeAt(at), 16_777_619)
  }
  let rest = ((left >>> 0) * 1_048_573 + (right >>> 0)) % 101_559_956_668_416
  let short = ""
  while (short.length < 9) {
    short += alphabet[rest % 36]
    rest = Math.floor(rest / 36)
  }
  return short
}
