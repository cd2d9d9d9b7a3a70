import { Clock, Effect, Stream } from "effect"
import { HttpBody, type HttpServerRequest, HttpServerResponse } from "effect/http"

import * as connection from "./connection.ts"
import { type Ending } from "./draft.ts"
import { type Plan, type Step } from "./plan.ts"
import { type Entry } from "./state.ts"

/** One request on its connection, and what is remembered of it. */
export interface Exchange {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly entry: Entry
}

const ended = (entry: Entry): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    entry.endedAt ??= now
  })

/** Leaves the client without the rest of its answer; goes on until the connection is gone. */
const cutOff = (ending: Exclude<Ending, "end">, { entry, request }: Exchange): Effect.Effect<never> =>
  ending === "stall"
    ? Effect.never
    : connection
        .flushed(request)
        .pipe(
          Effect.andThen(ended(entry)),
          Effect.andThen(ending === "close" ? connection.close(request) : connection.reset(request)),
          Effect.andThen(Effect.never),
        )

const write = (step: Step, entry: Entry): Effect.Effect<ReadonlyArray<Uint8Array>> =>
  Effect.gen(function* () {
    if (step.wait !== undefined) yield* step.wait
    if (step.bytes === undefined) return []
    entry.firstByteAt ??= yield* Clock.currentTimeMillis
    return [step.bytes]
  })

const bodyOf = (plan: Plan, { entry, request }: Exchange): Stream.Stream<Uint8Array> => {
  const { ending } = plan
  const first = plan.steps[0]
  const headersFirst = first === undefined ? ending !== "end" : first.wait !== undefined
  return Stream.fromEffectDrain(headersFirst ? connection.flushHeaders(request) : Effect.void).pipe(
    Stream.concat(
      Stream.fromIterable(plan.steps).pipe(
        Stream.mapEffect((step) => write(step, entry)),
        // One element at a time, or the server would join what is meant to be separate writes.
        Stream.flatMap((bytes) => Stream.fromIterable(bytes)),
      ),
    ),
    Stream.concat(Stream.fromEffectDrain(ending === "end" ? ended(entry) : cutOff(ending, { entry, request }))),
  )
}

/** A body that is left without a type would be called an octet stream. */
const untyped = (head: HttpServerResponse.HttpServerResponse, bytes: Stream.Stream<Uint8Array>) => {
  const length = head.headers["content-length"]
  const body = HttpBody.stream(bytes, "", length === undefined ? undefined : Number(length))
  return HttpServerResponse.removeHeader(HttpServerResponse.setBody(head, body), "content-type")
}

/** Carries out a plan. */
export const answer = (plan: Plan, exchange: Exchange): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.gen(function* () {
    const { ending, headers, status } = plan
    if (plan.beforeHeaders !== undefined) yield* plan.beforeHeaders
    if (status === undefined) return yield* cutOff(ending === "end" ? "close" : ending, exchange)
    exchange.entry.status = status
    if ("content-type" in headers) return HttpServerResponse.stream(bodyOf(plan, exchange), { status, headers })
    return untyped(HttpServerResponse.empty({ status, headers }), bodyOf(plan, exchange))
  })
