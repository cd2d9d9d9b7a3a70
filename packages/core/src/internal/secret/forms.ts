/**
 * Sources of regular expressions for a secret as it is and in the forms that servers write. The first finds it as it is or
 * escaped, the others find it encoded.
 */
export const escapedForms = (secret: string): ReadonlyArray<string> => [
  spelled(secret),
  ...base64Forms(secret),
  ...(secret.length < 8 ? [] : [hexadecimal(secret)]),
]

/**
 * How many characters of a secret give it away where it was cut: a third of them, and more than the prefix that all keys
 * of a vendor have. `undefined` if nothing would be left to cut.
 */
export const lengthOfHead = (secret: string): number | undefined => {
  const head = Math.max(14, Math.ceil(secret.length / 3))
  return head < secret.length ? head : undefined
}

const spelled = (text: string): string => Array.from(text, charForms).join("")

// No server escapes letters and digits, and long tokens are made of little else.
const charForms = (char: string): string => (/[A-Za-z0-9]/.test(char) ? char : `(?:${formsOf(char).join("|")})`)

const formsOf = (char: string): ReadonlyArray<string> => {
  const code = char.codePointAt(0) ?? 0
  const names = entities[char]
  // `%2B`, escaped twice `%252B`.
  const percent = bytesOf(char)
    .map((byte) => `%(?:25)*${byte}`)
    .join("")
  const units = Array.from({ length: char.length }, (_, index) => hex(char.charCodeAt(index), 4))
  const unicode = units.map((unit) => `\\\\+u${unit}`).join("")
  const numbers = [`#0*${code}`, `#x0*${hex(code, 1)}`, ...(names === undefined ? [] : [names])]
  const entity = `\\\\*&(?:amp;)*(?:${numbers.join("|")});`
  const literal = char === "\\" ? "\\\\+" : `\\\\*${char.replace(/[$()*+./?[\\\]^{|}-]/, "\\$&")}`
  const ofByte = code < 256 ? [`\\\\+x${hex(code, 2)}`] : []
  return [entity, percent, unicode, ...ofByte, literal, ...(char === " " ? ["\\+"] : [])]
}

const entities: Readonly<Record<string, string>> = {
  "&": "amp",
  "<": "lt",
  ">": "gt",
  '"': "quot",
  "'": "apos",
  "+": "plus",
  "/": "sol",
  "=": "equals",
  ":": "colon",
  ".": "period",
  _: "lowbar",
  "-": "hyphen",
}

const bytesOf = (text: string): ReadonlyArray<string> => [...new TextEncoder().encode(text)].map((byte) => hex(byte, 2))

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0")

const hexadecimal = (secret: string): string => bytesOf(secret).join("")

// Inside of something longer a secret begins at one of three places of a group of four characters. The characters at its
// ends depend on its neighbours; they hold bits of the secret as well, so up to three of them go with it.
const base64Forms = (secret: string): ReadonlyArray<string> =>
  [0, 1, 2].flatMap((offset) => {
    const bytes = new TextEncoder().encode(secret)
    const padded = new Uint8Array([...new Uint8Array(offset), ...bytes])
    const encoded = btoa(Array.from(padded, (byte) => String.fromCharCode(byte)).join(""))
    const certain = encoded.slice([0, 2, 3][offset], Math.floor((padded.length * 8) / 6))
    if (certain.length < 8) return []
    const core = Array.from(certain, (char) => base64Chars[char] ?? char).join("")
    return [`${offset === 0 ? "" : "[\\w+/-]{0,3}"}${core}[\\w+/-]{0,3}(?:=|%3D){0,2}`]
  })

// Also in the alphabet for URLs, and escaped in one.
const base64Chars: Readonly<Record<string, string>> = {
  "+": "(?:[+-]|%2B)",
  "/": "(?:\\\\*[/_]|%2F)",
}
