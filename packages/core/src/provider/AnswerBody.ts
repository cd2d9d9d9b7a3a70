/**
 * What the body of an answer is: events, JSON, or neither. The body itself decides.
 *
 * Servers and gateways give any content type to anything, answer with JSON where events were asked for, and report errors
 * with status 200. So nothing here depends on headers or on what was asked for, and the same error reads the same in either
 * mode.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"

import { longestBody, longestEvent } from "./BoundedBody.ts"
import { EventLines, type ServerEvent } from "./EventLines.ts"
import { count, field, list, record, text } from "./Json.ts"

/**
 * An answer that came as a whole, which is not always what was asked for.
 *
 * @since 0.1.0
 * @category models
 */
export class WholeAnswer {
  readonly answer: unknown

  constructor(answer: unknown) {
    this.answer = answer
  }
}

/**
 * The mark of many APIs that no event comes any more, `[DONE]`.
 *
 * @since 0.1.0
 * @category constants
 */
export const noMoreEvents: unique symbol = Symbol.for("@holdfast/core/provider/AnswerBody/noMoreEvents")

/**
 * Why a body cannot be read any further. What `Unreadable` says quotes nothing of it.
 *
 * @since 0.1.0
 * @category models
 */
export type Broken =
  | {
      readonly _tag: "Error"
      /** The error as JSON, with whatever is around it; none if it is plain text. */
      readonly body: unknown
      readonly plain: string | undefined
      /** Whether it came as an event, so that a part of the answer may have come before. */
      readonly inStream: boolean
    }
  | { readonly _tag: "Unreadable"; readonly what: string; readonly inStream: boolean }

const unreadable = (what: string, inStream: boolean): Broken => ({ _tag: "Unreadable", what, inStream })

const errorOf = (body: unknown, inStream: boolean): Broken => ({ _tag: "Error", body, plain: undefined, inStream })

/**
 * Whether a field named `error` reports one. Servers write `null`, `""`, `{}` or `false` into answers that have none.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isError = (value: unknown): boolean => {
  if (Predicate.isString(value)) return value !== ""
  const fields = record(value)
  if (fields === undefined) return value === true
  return Object.values(fields).some((inner) => Predicate.isNotNullish(inner) && inner !== "")
}

// `error`, `response.error`, `overloaded_error`; MiniMax says in `base_resp` how it went, and 0 for well.
const reports = (value: unknown): boolean =>
  /(?:^|[._])error$/.test(text(value, "type") ?? "") ||
  isError(field(value, "error")) ||
  (count(field(value, "base_resp"), "status_code") ?? 0) > 0

// What answers of any API are known by.
const answerFields = ["choices", "output", "content", "candidates", "promptFeedback", "data", "embeddings", "object"]

/**
 * The fields in which servers write what went wrong, where there is no `error`.
 *
 * @since 0.1.0
 * @category constants
 */
export const errorWords: ReadonlyArray<string> = [
  "message",
  "detail",
  "msg",
  "errorMessage",
  "error_message",
  "error_msg",
  "status_msg",
]

/** A body or an event that is no answer, and has words for why: gateways have shapes of their own for errors. */
const excuses = (value: unknown): boolean => {
  const fields = record(value)
  if (fields === undefined || answerFields.some((name) => name in fields)) return false
  const words = errorWords.some((name) => text(fields, name) !== undefined)
  return words || list(fields, "errors").length > 0
}

const parse = (json: string): Result.Result<unknown, unknown> => Result.try((): unknown => JSON.parse(json))

// Google puts errors, and nothing else, into a list of one.
const onlyItem = (value: unknown): unknown =>
  Array.isArray(value) && value.length === 1 && record(value[0]) !== undefined ? (value[0] as unknown) : value

const notJson = (body: string): string => {
  if (body.startsWith("<")) return "the answer is a page, and not JSON"
  return /^[{[]/.test(body) ? "the answer is not JSON" : "the answer is plain text, and not JSON"
}

// Neither says anything: proxies and servers send them so that a connection is not taken for dead.
const beats = /^(?:ping|pong|heartbeat|keep-?alive|null)?$/i
const beatNames = /^(?:ping|heartbeat|keep-?alive)$/i

/**
 * Reads the body of an answer. Its methods append what they find to `out`: events, which are JSON, and `noMoreEvents`, or
 * one `WholeAnswer`. They say why there is no more to be read.
 *
 * @since 0.1.0
 * @category models
 */
export class AnswerBody {
  private kind: "unknown" | "events" | "json" = "unknown"
  private readonly lines = new EventLines()
  private json: Array<string> = []
  private size = 0
  private isEmpty = true

  /** Takes in a piece of the body. */
  push(piece: string, out: Array<unknown>): Broken | undefined {
    if (this.kind === "unknown") {
      const begun = piece.trimStart()
      if (begun === "") return undefined
      this.kind = /^[{[]/.test(begun) ? "json" : "events"
      return this.add(begun, out)
    }
    return this.add(piece, out)
  }

  private add(piece: string, out: Array<unknown>): Broken | undefined {
    if (this.kind === "events") {
      const events: Array<ServerEvent> = []
      this.lines.push(piece, events)
      const broken = this.read(events, out)
      if (broken !== undefined || this.lines.size <= longestEvent) return broken
      return unreadable(`an event exceeds ${longestEvent} characters`, true)
    }
    this.json.push(piece)
    this.size += Math.max(piece.length, leastCost)
    return this.size > longestBody ? unreadable(`the answer exceeds ${longestBody} bytes`, false) : undefined
  }

  /** Whether JSON may be whole although the body is not over. */
  get mayBeWhole(): boolean {
    return this.kind === "json" && /[}\]]$/.test((this.json.at(-1) ?? "").trimEnd())
  }

  /** Whether the JSON that has come is whole. */
  get isWhole(): boolean {
    return Result.isSuccess(parse(this.json.join("")))
  }

  /** The body is over. */
  end(out: Array<unknown>): Broken | undefined {
    if (this.kind === "json") return this.endJson(this.json.join("").trim(), out)
    const events: Array<ServerEvent> = []
    this.lines.end(events)
    const broken = this.read(events, out)
    const { foreign } = this.lines
    if (broken !== undefined || !this.isEmpty || foreign === undefined) return broken
    return unreadable(notJson(foreign.trimStart()), false)
  }

  private endJson(body: string, out: Array<unknown>): Broken | undefined {
    const parsed = parse(body)
    if (Result.isFailure(parsed)) return this.endLines(body, out)
    const value = onlyItem(parsed.success)
    // Google streams a list of chunks where no events are asked for.
    if (Array.isArray(value))
      return value.length === 0 ? unreadable("the answer is an empty list", false) : this.items(value, out)
    if (reports(value) || excuses(value)) return errorOf(value, false)
    out.push(new WholeAnswer(value))
    return undefined
  }

  private items(values: ReadonlyArray<unknown>, out: Array<unknown>): Broken | undefined {
    for (const value of values) {
      if (reports(value)) return errorOf(value, true)
      out.push(value)
    }
    return undefined
  }

  // Events without their framing, one to a line, or an error before the first event.
  private endLines(body: string, out: Array<unknown>): Broken | undefined {
    const events: Array<ServerEvent> = []
    const lines = new EventLines()
    lines.push(body, events)
    lines.end(events)
    return events.length < 2 ? unreadable(notJson(body), false) : this.read(events, out)
  }

  private read(events: ReadonlyArray<ServerEvent>, out: Array<unknown>): Broken | undefined {
    for (const event of events) {
      const broken = this.readEvent(event, out)
      if (broken !== undefined) return broken
    }
    return undefined
  }

  private readEvent({ data, name }: ServerEvent, out: Array<unknown>): Broken | undefined {
    const whole = data.join("\n").trim()
    if (name !== undefined && beatNames.test(name)) return undefined
    if (name !== "error" && beats.test(whole)) return undefined
    this.isEmpty = false
    if (whole.startsWith("[DONE]")) {
      out.push(noMoreEvents)
      return undefined
    }
    const parsed = parse(whole)
    if (Result.isSuccess(parsed)) return this.readValue(parsed.success, name, out)
    if (name === "error") return { _tag: "Error", body: undefined, plain: whole, inStream: true }
    return this.readLines(data, out)
  }

  private readValue(value: unknown, name: string | undefined, out: Array<unknown>): Broken | undefined {
    if (Array.isArray(value)) return this.items(value, out)
    const fields = record(value)
    const isUntyped = name === undefined && field(value, "type") === undefined
    if (name === "error" || reports(value) || (isUntyped && excuses(value))) return errorOf(value, true)
    // Some gateways keep the name of an event only on its line.
    out.push(fields === undefined || name === undefined || "type" in fields ? value : { type: name, ...fields })
    return undefined
  }

  // Some servers leave out the blank lines between events.
  private readLines(data: ReadonlyArray<string>, out: Array<unknown>): Broken | undefined {
    const values = data.map(parse)
    if (data.length < 2 || !values.every(Result.isSuccess)) return unreadable("an event is not JSON", true)
    return this.items(
      values.map((value) => value.success),
      out,
    )
  }
}

// What a piece costs to keep, however short it is. Characters.
const leastCost = 256
