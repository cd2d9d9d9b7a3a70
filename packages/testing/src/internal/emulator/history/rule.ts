import { type Failure, isJson, type Json } from "../dialect.ts"

/** What a server knows of the answers that it gave. */
export interface Issued {
  /** Signatures and encrypted content. */
  readonly signatures: ReadonlySet<string>
  /** Reasoning items, by the part of their id that they share with the other items of one answer. */
  readonly reasoning: ReadonlySet<string>
}

/** What a server says to a history that it does not take. */
export interface Complaint {
  readonly message: string
  /** 400 if left out. */
  readonly status?: number
  readonly type?: string
  readonly code?: string
  /** The whole body, where a server has another shape of errors than its dialect. */
  readonly body?: unknown
}

/** One rule about the shape of a history. */
export interface Rule {
  /** What the server wants, in a sentence. */
  readonly name: string
  /** Where it is written, or where people met it. */
  readonly source: string
  /** For which models; all if left out. */
  readonly models?: RegExp
  /** A request that breaks this rule and no other. */
  readonly breaks: Json
  readonly complaint: (body: Json, issued: Issued) => Complaint | undefined
}

/** A rule that says what is wrong with the first that is wrong. */
export const firstOf = (complaints: Iterable<string | undefined>): Complaint | undefined => {
  for (const message of complaints) if (message !== undefined) return { message }
  return undefined
}

/** A complaint as a failed answer. */
export const failureOf = ({ body, code, message, status = 400, type }: Complaint): Failure => ({
  status,
  kind: undefined,
  options: {
    message,
    ...(type === undefined ? {} : { type }),
    ...(code === undefined ? {} : { code }),
    ...(body === undefined ? {} : { body }),
  },
})

/** The objects in a list of a body. */
export const objectsIn = (body: Json, key: string): ReadonlyArray<Json> => {
  const list = body[key]
  return Array.isArray(list) ? list.filter(isJson) : []
}

/** A text, or the empty one. */
export const textIn = (json: Json, key: string): string => {
  const found = json[key]
  return typeof found === "string" ? found : ""
}

/** Whether half a surrogate pair is anywhere in a value, or in JSON inside of its texts. */
export const hasHalfPair = (value: unknown): boolean => {
  if (typeof value === "string") return /\p{Surrogate}/u.test(value) || /\\ud[89a-f][\da-f]{2}/i.test(value)
  if (Array.isArray(value)) return value.some(hasHalfPair)
  return isJson(value) && Object.entries(value).some(([key, item]) => hasHalfPair(key) || hasHalfPair(item))
}
