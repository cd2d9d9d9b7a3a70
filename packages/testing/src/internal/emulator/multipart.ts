import { type Json } from "./dialect.ts"

/**
 * The fields of a form (RFC 7578). Of a file there is its name, its type and its content as a text. A field that is there several
 * times, as `image[]` is, becomes a list.
 */
export const multipart = (text: string, contentType: string): Json | undefined => {
  const boundary = /boundary="?([^";]+)/i.exec(contentType)?.[1]
  if (boundary === undefined) return undefined
  const fields: Record<string, unknown> = {}
  for (const part of text.split(`--${boundary}`)) {
    const end = part.indexOf("\r\n\r\n")
    const head = part.slice(0, Math.max(end, 0))
    const name = /\bname="([^"]*)"/i.exec(head)?.[1]
    if (name === undefined) continue
    const content = part.slice(end + 4).replace(/\r\n$/, "")
    const fileName = /\bfilename="([^"]*)"/i.exec(head)?.[1]
    const type = /content-type:\s*([^\r\n]+)/i.exec(head)?.[1]
    add(fields, name, fileName === undefined ? content : { fileName, type, content })
  }
  return fields
}

const add = (fields: Record<string, unknown>, name: string, value: unknown): void => {
  if (!name.endsWith("[]")) {
    fields[name] = value
    return
  }
  const key = name.slice(0, -2)
  const known = fields[key]
  fields[key] = [...(Array.isArray(known) ? (known as ReadonlyArray<unknown>) : []), value]
}
