/**
 * A model below the policy under test, which does as it is told and counts what is done to it.
 */
import type * as ModelCall from "@holdfast/core/ModelCall"
import * as PolicyError from "@holdfast/core/PolicyError"
import * as ProviderError from "@holdfast/core/provider/ProviderError"
import { type ProviderModel } from "@holdfast/core/provider/ProviderModel"
import * as ResilientModel from "@holdfast/core/ResilientModel"
import { Effect, Schema, Stream } from "effect"
import { AiError, LanguageModel, type Response } from "effect/ai"

/** What the model does with a request. One that `breaks` gives its first part and fails, where a stream was asked for. */
export type Behaviour = "answers" | "answersLate" | "fails" | "dies" | "breaks" | "hangs"

/** The first part of an answer comes after so many milliseconds, and each other one as long after it. */
const pace = 2

const latePace = 6

/** How a model refuses that is not available. */
export class Unavailable
  extends Schema.TaggedError<Unavailable>("@holdfast/testing/PolicyConformance/Unavailable")("Unavailable", {
    model: Schema.String,
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InternalProviderError({ description: `${this.model} is not available`, metadata })
  }
}

export type Model = ResilientModel.ResilientModel<ResilientModel.CallFailure | Unavailable>

export class Probe {
  /** What it does with each request in turn; the last one is for all that follow. */
  behaviours: ReadonlyArray<Behaviour> = ["answers"]
  available = true
  settings = 0
  /** What requests hold now: sockets, in a real model. */
  held = 0
  builds = 0
  /** Requests as the policy passed them on. */
  readonly requests: Array<ModelCall.ModelRequest> = []
  readonly model: Model
  private sent = 0

  constructor(name: string) {
    const provider = ResilientModel.fromProvider(Effect.succeed(this.provider(name)), { name, settings: {} })
    this.model = provider.pipe(
      ResilientModel.policy<Unavailable>(
        { name: "PolicyConformance.probe", settings: { name } },
        <E>(call: ModelCall.ModelCall<E>) => Effect.sync(() => this.watched(call)),
      ),
    )
  }

  /** From now on. */
  behave(...behaviours: ReadonlyArray<Behaviour>): void {
    this.behaviours = behaviours
    this.sent = 0
  }

  private watched<E>(call: ModelCall.ModelCall<E>): ModelCall.ModelCall<E | Unavailable> {
    this.builds++
    return {
      ...call,
      available: () => this.available,
      identity: Effect.sync(() => this.settings),
      open: (request): ModelCall.Opened<E | Unavailable> =>
        Effect.suspend((): ModelCall.Opened<E | Unavailable> => {
          this.requests.push(request)
          return this.available
            ? call.open(request)
            : Effect.fail(PolicyError.withoutStack(() => new Unavailable({ model: call.model })))
        }),
    }
  }

  private readonly next = Effect.acquireRelease(
    Effect.sync((): Behaviour => {
      this.held++
      return this.behaviours[Math.min(this.sent++, this.behaviours.length - 1)] ?? "answers"
    }),
    () => Effect.sync(() => void this.held--),
  )

  private provider(name: string): ProviderModel {
    const headers = { "x-probe": name }
    return {
      provider: name,
      model: `${name}-1`,
      codecTransformer: LanguageModel.defaultCodecTransformer,
      generate: () =>
        Effect.flatMap(this.next, (behaviour) =>
          Effect.as(begins(behaviour === "breaks" ? "fails" : behaviour), {
            headers,
            parts: [{ type: "text" as const, text: "ab" }, finish],
          }),
        ),
      stream: () =>
        Effect.flatMap(this.next, (behaviour) => Effect.as(begins(behaviour), { headers, parts: played(behaviour) })),
    }
  }
}

const failure = ProviderError.fromFault(
  { module: "PolicyConformance", method: "probe", provider: "probe", url: "probe:", scrub: (text) => text },
  { status: 500, message: "broken" },
)

const finish: Response.FinishPartEncoded = {
  type: "finish",
  reason: "stop",
  usage: { inputTokens: { total: 2 }, outputTokens: { total: 2 } },
}

const begins = (behaviour: Behaviour): Effect.Effect<void, AiError.AiError> => {
  switch (behaviour) {
    case "fails":
      return Effect.andThen(Effect.sleep(pace), Effect.fail(failure))
    case "dies":
      return Effect.andThen(Effect.sleep(pace), Effect.die(new Error("a defect of the model")))
    case "hangs":
      return Effect.never
    default:
      return Effect.sleep(behaviour === "answersLate" ? latePace : pace)
  }
}

const played = (behaviour: Behaviour): Stream.Stream<Response.StreamPartEncoded, AiError.AiError> => {
  const first = Stream.fromIterable<Response.StreamPartEncoded>([
    { type: "text-start", id: "1" },
    { type: "text-delta", id: "1", delta: "a" },
  ])
  const later = (parts: ReadonlyArray<Response.StreamPartEncoded>) =>
    Stream.unwrap(Effect.as(Effect.sleep(pace), Stream.fromIterable(parts)))
  return behaviour === "breaks"
    ? Stream.concat(first, Stream.fail(failure))
    : Stream.concat(first, later([{ type: "text-delta", id: "1", delta: "b" }, { type: "text-end", id: "1" }, finish]))
}
