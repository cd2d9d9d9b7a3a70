/**
 * The effects around a simulated server: arriving, waiting for a turn, being answered or not.
 */
import * as ProviderError from "@holdfast/core/provider/ProviderError"
import { type ProviderModel, type ProviderReply } from "@holdfast/core/provider/ProviderModel"
import { Cause, Clock, Context, Duration, Effect, type Fiber, type Scope, Stream } from "effect"
import { type AiError, LanguageModel, type Response } from "effect/ai"

import { type Attempt } from "../../Simulation.ts"
import { type Course, type SimulatedServer, type Visit } from "./server.ts"
import { millis } from "./time.ts"
import { CurrentCall, type World } from "./world.ts"

export interface Names {
  readonly provider: string
  readonly model: string
  /** Until a refusal is back. Milliseconds. */
  readonly roundTrip: number
}

/** The model of a server. */
export const simulatedProvider = (server: SimulatedServer, world: World, names: Names): ProviderModel => {
  const desk = new Desk(server, world, names)
  return {
    provider: names.provider,
    model: names.model,
    codecTransformer: LanguageModel.defaultCodecTransformer,
    generate: () =>
      Effect.flatMap(desk.opened, (service) =>
        Effect.map(service.rest, (): ProviderReply<Array<Response.PartEncoded>> => ({
          headers: {},
          parts: [{ type: "text", text: service.text }, finish],
        })),
      ),
    stream: () => Effect.map(desk.opened, (service) => ({ headers: {}, parts: streamed(service) })),
  }
}

/** A request whose first part is there. */
interface Service {
  readonly text: string
  /** Waits for the last part, or fails instead. */
  readonly rest: Effect.Effect<void, AiError.AiError>
}

class Desk {
  private readonly server: SimulatedServer
  private readonly world: World
  private readonly roundTrip: number
  private readonly errors: ReturnType<typeof errorsOf>

  constructor(server: SimulatedServer, world: World, names: Names) {
    this.server = server
    this.world = world
    this.roundTrip = names.roundTrip
    this.errors = errorsOf(names)
  }

  readonly opened: Effect.Effect<Service, AiError.AiError, Scope.Scope> = Effect.withFiber((fiber) => {
    const clock = fiber.getRef(Clock.Clock)
    const attempt = this.began(fiber, clock)
    const arrival = this.server.arrive(attempt, millis(clock))
    const leave = (visit?: Visit) =>
      Effect.addFinalizer(() =>
        Effect.sync(() => {
          ended(attempt, "aborted", clock)
          if (visit !== undefined) this.server.leave(visit, millis(clock))
        }),
      )
    switch (arrival._tag) {
      case "Admitted":
        return Effect.andThen(leave(arrival.visit), this.served(arrival.visit, clock))
      case "Silence":
        return Effect.andThen(leave(), Effect.never)
      case "Throttled":
        return this.refused(attempt, clock, "throttled", this.errors.throttled(arrival.retryAfter))
      case "Overloaded":
        return this.refused(attempt, clock, "overloaded", this.errors.overloaded)
      default:
        return this.refused(attempt, clock, "failed", this.errors.unreachable)
    }
  })

  private began(fiber: Fiber.Fiber<unknown, unknown>, clock: Clock.Clock): Attempt {
    const attempt: Attempt = {
      call: Context.get(fiber.context, CurrentCall),
      server: this.server.settings.name,
      at: millis(clock),
      until: undefined,
      outcome: "underWay",
    }
    this.world.attempts.push(attempt)
    return attempt
  }

  private refused(attempt: Attempt, clock: Clock.Clock, outcome: Attempt["outcome"], error: AiError.AiError) {
    const told = Effect.suspend(() => {
      ended(attempt, outcome, clock)
      return Effect.fail(error)
    })
    const gone = Effect.addFinalizer(() => Effect.sync(() => ended(attempt, "aborted", clock)))
    return Effect.andThen(gone, Effect.andThen(Effect.sleep(this.roundTrip), told))
  }

  private served(visit: Visit, clock: Clock.Clock): Effect.Effect<Service, AiError.AiError> {
    return Effect.flatMap(turn(visit), () => {
      const course = this.server.course(visit, millis(clock))
      const rest = Effect.andThen(this.through(visit, course, "rest", clock), () => {
        ended(visit.attempt, "served", clock)
        return Effect.void
      })
      return Effect.as(this.through(visit, course, "firstPart", clock), { text: `answer ${visit.attempt.call}`, rest })
    })
  }

  /** One half of an answer, unless something ends it. */
  private through(
    visit: Visit,
    { ending, firstPart, rest }: Course,
    half: "firstPart" | "rest",
    clock: Clock.Clock,
  ): Effect.Effect<void, AiError.AiError> {
    const [from, lasts] = half === "firstPart" ? [0, firstPart] : [firstPart, rest]
    const isHere = ending !== undefined && (ending.kind === "Failure" || ending.after < from + lasts)
    if (!isHere) return Effect.sleep(lasts)
    return Effect.andThen(
      Effect.sleep(Math.max(0, ending.after - from)),
      Effect.suspend((): Effect.Effect<never, AiError.AiError> => {
        // Nobody works on a request any more that will not be answered.
        this.server.leave(visit, millis(clock))
        if (ending.kind === "Silence") return Effect.never
        ended(visit.attempt, "failed", clock)
        return Effect.fail(ending.kind === "Outage" ? this.errors.broken : this.errors.failure)
      }),
    )
  }
}

const turn = (visit: Visit): Effect.Effect<void> =>
  Effect.suspend(() =>
    visit.state === "serving"
      ? Effect.void
      : Effect.callback<void>((resume) => {
          visit.called = () => resume(Effect.void)
        }),
  )

const ended = (attempt: Attempt, outcome: Attempt["outcome"], clock: Clock.Clock): void => {
  if (attempt.outcome !== "underWay") return
  attempt.outcome = outcome
  attempt.until = millis(clock)
}

const streamed = ({ rest, text }: Service): Stream.Stream<Response.StreamPartEncoded, AiError.AiError> => {
  type Chunk = readonly [Response.StreamPartEncoded, ...Array<Response.StreamPartEncoded>]
  type Pulled = Effect.Effect<Chunk, AiError.AiError | Cause.Done>
  let pulls = 0
  const pull: Pulled = Effect.suspend((): Pulled => {
    pulls++
    if (pulls === 1) return Effect.succeed(begin(text))
    return pulls === 2 ? Effect.as(rest, end) : Cause.done()
  })
  const begin = (delta: string): Chunk => [
    { type: "text-start", id: "1" },
    { type: "text-delta", id: "1", delta },
  ]
  const end: Chunk = [{ type: "text-end", id: "1" }, finish]
  return Stream.fromPull(Effect.succeed(pull))
}

const finish: Response.FinishPartEncoded = {
  type: "finish",
  reason: "stop",
  usage: { inputTokens: { total: 100, uncached: 100 }, outputTokens: { total: 50, text: 50 } },
}

// Made once, because an outage makes them by the million.
const errorsOf = ({ model, provider }: Names) => {
  const origin: ProviderError.Origin = {
    module: "Simulator",
    method: "model",
    provider,
    url: `simulated://${provider}/${model}`,
    scrub: (text) => text,
  }
  const throttled = new Map<number, AiError.AiError>()
  return {
    overloaded: ProviderError.fromFault(origin, { status: 529, type: "overloaded_error", message: "Overloaded" }),
    failure: ProviderError.fromFault(origin, { status: 500, message: "Internal error" }),
    unreachable: ProviderError.fromTransport(origin, new Error("connect ECONNREFUSED")),
    broken: ProviderError.fromTransport(origin, new Error("socket hang up")),
    throttled: (retryAfter: number): AiError.AiError => {
      const known = throttled.get(retryAfter)
      if (known !== undefined) return known
      const fault = { status: 429, message: "Too many requests", retryAfter: Duration.millis(retryAfter) }
      const error = ProviderError.fromFault(origin, fault)
      throttled.set(retryAfter, error)
      return error
    },
  }
}
