import { Clock, Effect, Predicate, Result, Schema } from "effect"

import * as Reply from "../../../Reply.ts"
import { type Call, type Dialect, isJson, type Json, resolve } from "../dialect.ts"
import { dialectOf } from "../dialects.ts"
import { type Conversation, draft } from "../draft.ts"
import { tokensOf } from "../embeddings.ts"
import { encode } from "../frame.ts"
import { refusalOf } from "../history/rules.ts"
import { defaultReply, type Entry, issuedBy, nextScripted, type State } from "../state.ts"
import { type Batch, habit, isOver, type Item, type Outcome } from "./state.ts"

const parseJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** Why a vendor does not take an item. */
const problemOf = (state: State, batch: Batch, dialect: Dialect, item: Item): string | undefined => {
  if (batch.mayFail === false) {
    const all = habit(state.batches, "FailAll")
    if (all !== undefined) return all.message
  }
  if (habit(state.batches, "Invalid")?.ids.includes(item.id) === true) return "This request is invalid."
  const problem = batch.problemOf?.(item) ?? dialect.validate(item.body, { "anthropic-version": "batch" })
  if (problem !== undefined || !state.strict) return problem
  return refusalOf(dialect, item.body, batch.model, issuedBy(state, dialect.name))?.options.message
}

/** Goes on by one poll. */
export const advance = (state: State, batch: Batch): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (isOver(batch)) return Effect.void
    batch.polls++
    return batch.state === "canceling" || batch.polls > state.batches.polls ? finish(state, batch) : Effect.void
  })

/** Ends a batch: every item is answered, or the batch is over without. */
export const finish = (state: State, batch: Batch): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (isOver(batch)) return
    const dialect = dialectOf(batch.endpoint)
    if (dialect === undefined) return yield* Effect.die(new Error(`no batch answers ${batch.endpoint}`))
    const problems = batch.items.map((item) => problemOf(state, batch, dialect, item))
    if (failed(state, batch, problems)) return
    const canceled = batch.state === "canceling" && habit(state.batches, "CancelNothing") === undefined
    const expires = habit(state.batches, "Expire")
    const most = canceled ? 0 : (expires?.answered ?? Infinity)
    for (const [index, item] of batch.items.entries()) {
      const problem = problems[index]
      if (problem !== undefined) item.outcome = yield* refused(state, dialect, batch, problem)
      else if (index < most) item.outcome = yield* answered(state, dialect, batch, item.body)
      else item.outcome = { _tag: canceled ? "Canceled" : "Expired", status: 0, body: undefined, usage: undefined }
    }
    batch.state = canceled ? "canceled" : expires === undefined ? "completed" : "expired"
  })

/** Whether the batch fails as a whole: of one bad line at OpenAI. */
const failed = (state: State, batch: Batch, problems: ReadonlyArray<string | undefined>): boolean => {
  const all = habit(state.batches, "FailAll")
  if (all !== undefined && batch.mayFail !== false) {
    batch.errors = [{ line: undefined, message: all.message }]
  } else if (batch.failsWhole === true) {
    batch.errors = problems.flatMap((message, index) => (message === undefined ? [] : [{ line: index + 1, message }]))
  }
  if (batch.errors.length === 0) return false
  batch.state = "failed"
  return true
}

const callOf = (state: State, batch: Batch, body: Json): Effect.Effect<Call> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    state.count++
    const requestId = `req_${state.count.toString(16).padStart(24, "0")}`
    const model = Predicate.isString(body["model"]) ? body["model"] : batch.model
    return { number: state.count, requestId, model, stream: false, body, createdAt: Math.floor(now / 1000) }
  })

const refused = (state: State, dialect: Dialect, batch: Batch, message: string): Effect.Effect<Outcome> =>
  Effect.map(callOf(state, batch, {}), (call) => ({
    _tag: "Errored",
    status: 400,
    body: dialect.errorBody({ status: 400, kind: undefined, options: { message } }, call),
    usage: undefined,
  }))

/** An item gets what a live request would get, as far as it comes as a whole. */
const answered = (state: State, dialect: Dialect, batch: Batch, body: Json): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    const call = yield* callOf(state, batch, body)
    const scripted = nextScripted(state, dialect.name)
    const given = scripted ?? state.responders.get(dialect.name)?.(seenAs(dialect, batch, call)) ?? defaultReply
    const reply = Reply.isReply(given) ? given : yield* given
    const { frames, status } = draft(reply, { dialect, call })
    const text = frames.map(encode).join("")
    const { content } = reply
    const isAnswer = status !== undefined && status < 400
    return {
      _tag: isAnswer ? "Answered" : "Errored",
      status: status ?? 500,
      body: Result.getOrElse(parseJson(text), () => text),
      usage: isAnswer ? usageOf(content, { call, dialect }) : undefined,
    }
  })

/** What is billed, whether or not the vendor says it. */
const usageOf = (
  content: Reply.Reply["content"],
  { call, dialect }: Conversation,
): Required<Reply.Usage> | undefined => {
  if (dialect.textsOf !== undefined) {
    const input = tokensOf(content._tag === "Embeddings" ? content.answer : {}, dialect.textsOf(call.body))
    return { input: input ?? 0, output: 0, cacheRead: 0, cacheWrite: 0, cacheWriteLong: 0, reasoning: 0 }
  }
  return content._tag === "Answer" ? resolve(content.answer, call).usage : undefined
}

const seenAs = (dialect: Dialect, batch: Batch, call: Call): Entry => ({
  id: call.number,
  requestId: call.requestId,
  dialect: dialect.name,
  method: "POST",
  path: batch.endpoint,
  query: {},
  headers: {},
  body: call.body,
  model: call.model,
  stream: false,
  status: undefined,
  startedAt: call.createdAt * 1000,
  firstByteAt: undefined,
  endedAt: undefined,
  aborted: false,
  abortedAt: undefined,
})

/** The objects on the lines of a file; nothing for a line that is none. */
export const linesOf = (text: string): ReadonlyArray<Json | undefined> =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const value = Result.getOrUndefined(parseJson(line))
      return isJson(value) ? value : undefined
    })
