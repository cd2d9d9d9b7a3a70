import { assert, describe, it } from "@effect/vitest"
import { type ModelCall, ModelRequest, PolicyError, ResilientModel } from "@holdfast/core"
import { Clock, Effect, Exit, Schema, Semaphore, Stream } from "effect"
import { AiError } from "effect/ai"

import * as PolicyConformance from "../src/PolicyConformance.ts"

type Subject = Omit<PolicyConformance.Subject, "name">

class Full extends Schema.TaggedError<Full>("test/Full")("Full", {}) implements PolicyError.PolicyError<"refusal"> {
  readonly [PolicyError.TypeId] = "refusal" as const

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InternalProviderError({ description: "full", metadata })
  }
}

/** A policy that changes nothing but how a call is opened. */
const opening = (open: <E>(call: ModelCall.ModelCall<E>, request: ModelCall.ModelRequest) => ModelCall.Opened<E>) =>
  ResilientModel.policy({ name: "test", settings: {} }, (call) =>
    Effect.succeed({ ...call, open: (request) => open(call, request) }),
  )

/** Three calls, and then no more. */
const quota = (state: (make: () => { used: number }) => Effect.Effect<{ used: number }>, refusal: () => Full) =>
  ResilientModel.policy<Full>({ name: "test", settings: {} }, <E>(call: ModelCall.ModelCall<E>) =>
    Effect.map(
      state(() => ({ used: 0 })),
      (count) => ({
        ...call,
        open: (request: ModelCall.ModelRequest): ModelCall.Opened<E | Full> =>
          Effect.suspend((): ModelCall.Opened<E | Full> =>
            count.used++ < 3 ? call.open(request) : Effect.fail(refusal()),
          ),
      }),
    ),
  )

const cheap = () => PolicyError.withoutStack(() => new Full())

const permits = ResilientModel.policy({ name: "test", settings: {} }, (call) =>
  Effect.map(
    ResilientModel.state(() => Semaphore.makeUnsafe(1)),
    (semaphore) => ({
      ...call,
      open: (request) =>
        Effect.andThen(
          Effect.acquireRelease(semaphore.take(1), () => semaphore.release(1), { interruptible: true }),
          call.open(request),
        ),
    }),
  ),
)

const fallback: Subject["policy"] = (model, other) =>
  ResilientModel.onto(model, { name: "test", settings: {} }, (preferred) =>
    Effect.map(ResilientModel.anyCallOf(other), (second) => ({
      ...preferred,
      open: (request: ModelCall.ModelRequest): ModelCall.Opened<unknown> =>
        Effect.catch(preferred.open(request), () => second.open(request)),
    })),
  )

const sound: ReadonlyArray<readonly [name: string, subject: Subject]> = [
  ["does nothing", { policy: (model) => model }],
  ["counts", { policy: quota(ResilientModel.state, cheap), remembers: true, refusal: "Full" }],
]

const careless: ReadonlyArray<readonly [mistake: string, subject: Subject, missed: ReadonlyArray<string>]> = [
  [
    "holds its permit in the caller's scope",
    { policy: permits },
    [
      "has released everything when its open fails, before the failure is seen (stream)",
      "keeps nothing from the next attempt of a retry around it (generate)",
      "keeps nothing from the next attempt of a retry around it (stream)",
    ],
  ],
  [
    "forgets its second model",
    { policy: fallback, opens: 2 },
    [
      "knows the settings in force of every model that may answer",
      "is available if a call would be let through (stream)",
    ],
  ],
  [
    "opens twice",
    { policy: opening((call, request) => Effect.andThen(Effect.scoped(call.open(request)), call.open(request))) },
    ["opens the call beneath it no more often than it says (generate)"],
  ],
  [
    "takes the refusal of a guard for a failure of the model",
    { policy: opening((call, request) => Effect.catch(call.open(request), () => call.open(request))), opens: 2 },
    ["lets the refusal of a guard pass, and asks no model again (generate)"],
  ],
  [
    "replays a stream that breaks",
    {
      policy: opening((call, request) =>
        Effect.map(
          call.open(request),
          Stream.catch(() => Stream.unwrap(call.open(request))),
        ),
      ),
    },
    ["replays nothing after the commit point"],
  ],
  [
    "makes its state with each build",
    { policy: quota((make) => Effect.sync(make), cheap), remembers: true, refusal: "Full" },
    ["remembers with the model as a value, however often that is built (stream)"],
  ],
  [
    "keeps its state in its module",
    {
      policy: quota(
        (
          (count) => () =>
            Effect.succeed(count)
        )({ used: 0 }),
        cheap,
      ),
      remembers: true,
      refusal: "Full",
    },
    ["is forgotten by ResilientModel.fresh (stream)"],
  ],
  [
    "captures a stack with each refusal",
    { policy: quota(ResilientModel.state, () => new Full()), remembers: true, refusal: "Full" },
    ["refuses with typed errors that cost no stack trace (stream)"],
  ],
  [
    "makes a call of its own",
    { policy: opening((call, { mode }) => call.open(ModelRequest.make(mode, "hi"))) },
    ["passes on what the call carries (generate)"],
  ],
  [
    "reads the clock for nobody",
    { policy: opening((call, request) => Effect.andThen(Clock.currentTimeMillis, call.open(request))) },
    ["reads no clock for events while nobody listens (generate)"],
  ],
  [
    "lets go of nothing when it is interrupted",
    {
      policy: ResilientModel.policy({ name: "test", settings: {} }, (call) =>
        Effect.map(
          ResilientModel.state(() => Semaphore.makeUnsafe(1)),
          (semaphore) => ({
            ...call,
            open: (request) =>
              semaphore.take(1).pipe(
                Effect.andThen(call.open(request)),
                Effect.onError((cause) =>
                  Exit.hasInterrupts(Exit.failCause(cause)) ? Effect.void : semaphore.release(1),
                ),
                Effect.tap(() => semaphore.release(1)),
              ),
          }),
        ),
      ),
    },
    ["releases everything wherever it is interrupted (generate)"],
  ],
]

/** The checks that a policy fails. */
const failed = (subject: Subject) =>
  Effect.map(
    Effect.forEach(PolicyConformance.checks({ name: "test", ...subject }), ({ name, run }) =>
      Effect.map(Effect.exit(run), (exit) => (Exit.isSuccess(exit) ? [] : [name])),
    ),
    (names) => names.flat(),
  )

describe("the suite for policies", () => {
  it.live.each(sound)("lets a policy pass that %s", ([, subject]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* failed(subject), [])
    }),
  )

  it.live.each(careless)("catches a policy that %s", ([, subject, missed]) =>
    Effect.gen(function* () {
      assert.includeMembers(yield* failed(subject), [...missed])
    }),
  )
})
