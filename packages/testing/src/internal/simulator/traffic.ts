/**
 * The clients of a simulation: they build their stacks, call them, and write down how it ended.
 */
import * as Failure from "@holdfast/core/Failure"
import { type ModelCall } from "@holdfast/core/ModelCall"
import * as ModelRequest from "@holdfast/core/ModelRequest"
import { annotate, type RequestContext } from "@holdfast/core/RequestContext"
import * as ResilientModel from "@holdfast/core/ResilientModel"
import { Cause, Clock, Context, Effect, Exit, Layer, Option, Random, type Scope, Stream, type Tracer } from "effect"
import { Prompt } from "effect/ai"

import { type Distribution } from "../../Distribution.ts"
import { type Call } from "../../Simulation.ts"
import { millis } from "./time.ts"
import { CurrentCall, type World } from "./world.ts"

/**
 * Who calls a model, how often, and how.
 *
 * @since 0.1.0
 * @category models
 */
export interface Traffic<out R = never> {
  readonly stack: ResilientModel.ResilientModel<unknown, R>
  /** The time between two arrivals. */
  readonly arrivals: Distribution
  readonly processes: number
  readonly mode: (call: number) => ModelRequest.Mode
  readonly prompt: (call: number) => string
  readonly context: ((call: number) => Partial<RequestContext>) | undefined
  /** How long a caller waits until it gives up. Milliseconds. */
  readonly patience: number | undefined
}

interface Process {
  readonly number: number
  readonly call: ModelCall<unknown, "chat">
  readonly random: Random.Random
}

/** All that happens in a world, until it is interrupted. */
export const inhabited = <R>(
  world: World,
  all: ReadonlyArray<Traffic<R>>,
  until: number,
): Effect.Effect<void, never, R> =>
  Effect.scoped(
    Effect.andThen(
      Effect.forEach(all, (some, index) => flowing(world, some, { index, until }), {
        concurrency: "unbounded",
        discard: true,
      }),
      Effect.never,
    ),
  ).pipe(
    Effect.catchCause((cause) =>
      Effect.sync(() => {
        if (Cause.hasDies(cause)) world.defect ??= cause
      }),
    ),
  )

/** Builds the processes of one kind of traffic, and lets their calls come for a while. */
const flowing = <R>(
  world: World,
  traffic: Traffic<R>,
  { index, until }: { readonly index: number; readonly until: number },
): Effect.Effect<void, never, R | Scope.Scope> =>
  Effect.flatMap(
    Effect.forEach(Array.from({ length: traffic.processes }), (_, number) =>
      started(world, traffic, `${index}/${number}`, number),
    ),
    (processes) => {
      const gaps = world.chance(`arrivals ${index}`)
      const picks = world.chance(`processes ${index}`)
      const requests = requestsOf(traffic)
      const comes = Effect.suspend(() => {
        const process = processes[Math.floor(picks() * processes.length)] as Process
        return Effect.forkScoped(made(world, process, traffic, requests()), { startImmediately: true })
      })
      const from = (at: number): Effect.Effect<void, never, Scope.Scope> => {
        const gap = traffic.arrivals.sample(gaps)
        return at + gap >= until
          ? Effect.void
          : Effect.andThen(
              Effect.sleep(gap),
              Effect.andThen(
                comes,
                Effect.suspend(() => from(at + gap)),
              ),
            )
      }
      return Effect.suspend(() => from(0))
    },
  )

/** A process has state of its own, also where the simulation itself runs inside of a layer. */
const started = <R>(
  world: World,
  { stack }: Traffic<R>,
  name: string,
  number: number,
): Effect.Effect<Process, never, R | Scope.Scope> => {
  const random = world.random(`process ${name}`)
  // A process remembers nothing of the others, nor of the run before.
  return ResilientModel.callOf(ResilientModel.fresh(stack)).pipe(
    Effect.provideService(Layer.CurrentMemoMap, Layer.makeMemoMapUnsafe()),
    Effect.provideService(Random.Random, random),
    Effect.map((call) => ({ number, call, random })),
  )
}

interface Request {
  readonly request: ModelRequest.ModelRequest<"chat">
  readonly context: Partial<RequestContext> | undefined
}

const made = (
  world: World,
  { call, number, random }: Process,
  traffic: Traffic<unknown>,
  { context, request }: Request,
) =>
  Effect.withFiber((fiber) => {
    const clock = fiber.getRef(Clock.Clock)
    const record: Call = {
      index: world.calls.length,
      process: number,
      at: millis(clock),
      firstPartAt: undefined,
      until: undefined,
      outcome: "unfinished",
    }
    world.calls.push(record)
    const answered = Effect.scoped(
      Effect.flatMap(call.open(request), (parts) => {
        record.firstPartAt = millis(clock)
        return request.mode === "stream" ? Stream.runDrain(parts) : Effect.void
      }),
    )
    const services = fiber.context.pipe(Context.add(CurrentCall, record.index), Context.add(Random.Random, random))
    const asked = context === undefined ? answered : annotate(answered, context)
    return Effect.exit(patient(asked, traffic.patience)).pipe(
      Effect.provideContext(services),
      Effect.map((exit) => {
        record.until = millis(clock)
        record.outcome = outcomeOf(exit)
        if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) world.defect ??= exit.cause as Cause.Cause<never>
      }),
    )
  })

/** Gives up after a while, without saying why. */
const patient = (
  answered: Effect.Effect<void, unknown>,
  patience: number | undefined,
): Effect.Effect<unknown, unknown> =>
  patience === undefined
    ? answered
    : Effect.flatMap(Effect.timeoutOption(answered, patience), (answer) =>
        Option.isSome(answer) ? Effect.void : Effect.fail(gaveUp),
      )

const gaveUp = { _tag: "GaveUp" }

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "answered"
  const error = Exit.findErrorOption(exit)
  return Option.isSome(error) ? Failure.tagOf(error.value) : "unfinished"
}

/** One request after the other, each under a span of its own as `effect/ai` has it. */
const requestsOf = ({ context, mode, prompt }: Traffic<unknown>): (() => Request) => {
  let count = 0
  let last: { readonly text: string; readonly prompt: Prompt.Prompt } | undefined
  return () => {
    const index = count++
    const text = prompt(index)
    last = last?.text === text ? last : { text, prompt: Prompt.make(text) }
    const request = ModelRequest.make(mode(index), { prompt: last.prompt, span: span(index) })
    return { request, context: context?.(index) }
  }
}

const attributes: ReadonlyMap<string, unknown> = new Map()

const span = (index: number): Tracer.Span => ({
  _tag: "Span",
  name: "Simulator",
  spanId: index.toString(16).padStart(16, "0"),
  traceId: index.toString(16).padStart(32, "0"),
  parent: Option.none(),
  annotations: Context.empty(),
  status: { _tag: "Started", startTime: 0n },
  attributes,
  links: [],
  sampled: false,
  kind: "client",
  end: () => {},
  attribute: () => {},
  event: () => {},
  addLinks: () => {},
})
