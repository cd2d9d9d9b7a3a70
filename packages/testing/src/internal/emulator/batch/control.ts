/**
 * How a test asks for batches to go on, and what they were: in this process, or by HTTP from another one.
 */
import { Effect, Result, Schema } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"

import { type BatchHabit } from "../../../BatchHabit.ts"
import { type Usage } from "../../../Reply.ts"
import { type State } from "../state.ts"
import { finish } from "./items.ts"
import { type Batch, behave, empty, type Outcome } from "./state.ts"

/** An item as it was seen. */
export interface SeenItem {
  readonly id: string
  readonly outcome: Outcome["_tag"] | undefined
  readonly usage: Required<Usage> | undefined
}

/** A batch as it was seen. */
export interface SeenBatch {
  readonly id: string
  readonly name: string | undefined
  readonly endpoint: string
  readonly model: string
  readonly state: Batch["state"]
  readonly polls: number
  readonly items: ReadonlyArray<SeenItem>
}

/** All that was seen of batches. */
export interface Seen {
  /** How many batches were made, those included of which nobody heard. */
  readonly created: number
  readonly files: number
  /** How many items were answered, each time that one was. */
  readonly answered: number
  /** What the answers used. */
  readonly usage: Required<Usage>
  readonly batches: ReadonlyArray<SeenBatch>
}

const none: Required<Usage> = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, cacheWriteLong: 0, reasoning: 0 }

const sum = (left: Required<Usage>, right: Required<Usage>): Required<Usage> => ({
  input: left.input + right.input,
  output: left.output + right.output,
  cacheRead: left.cacheRead + right.cacheRead,
  cacheWrite: left.cacheWrite + right.cacheWrite,
  cacheWriteLong: left.cacheWriteLong + right.cacheWriteLong,
  reasoning: left.reasoning + right.reasoning,
})

const seenBatch = ({ endpoint, id, items, model, name, polls, state }: Batch): SeenBatch => ({
  id,
  name,
  endpoint,
  model,
  state,
  polls,
  items: items.map((item) => ({ id: item.id, outcome: item.outcome?._tag, usage: item.outcome?.usage })),
})

export const seen = ({ batches }: State): Seen => {
  const outcomes = batches.all.flatMap(({ items }) => items.map(({ outcome }) => outcome))
  return {
    created: batches.all.length,
    files: batches.files.size,
    answered: outcomes.filter((outcome) => outcome?._tag === "Answered").length,
    usage: outcomes.reduce((total, outcome) => sum(total, outcome?.usage ?? none), none),
    batches: batches.all.map(seenBatch),
  }
}

/** Ends all batches that are running. */
export const finishAll = (state: State): Effect.Effect<void> =>
  Effect.forEach(state.batches.all, (batch) => finish(state, batch), { discard: true })

export const forgetAll = (state: State): void => {
  state.batches = empty(state.batches.polls)
}

const parseHabits = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Array(Schema.Unknown)))

const path = /^\/emulator\/batches(?:\/(finish|habits|reset))?$/

/** Whether a request is to the emulator itself. */
export const isControl = (pathname: string): boolean => path.test(pathname)

/** `GET /emulator/batches`, and `POST` below it: `finish`, `reset`, and `habits` with a list of them. */
export const control = Effect.fnUntraced(function* (
  state: State,
  request: HttpServerRequest.HttpServerRequest,
  pathname: string,
) {
  const action = path.exec(pathname)?.[1]
  if (action === "finish") yield* finishAll(state)
  if (action === "reset") forgetAll(state)
  if (action === "habits") {
    const text = yield* Effect.orElseSucceed(request.text, () => "")
    const habits = parseHabits(text)
    if (Result.isFailure(habits)) return HttpServerResponse.jsonUnsafe({ error: "a list of habits" }, { status: 400 })
    behave(state.batches, habits.success as ReadonlyArray<BatchHabit>)
  }
  return HttpServerResponse.jsonUnsafe(seen(state))
})
