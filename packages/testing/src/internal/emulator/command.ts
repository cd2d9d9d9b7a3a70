import { Console, Duration, Effect, Layer, Runtime, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { type HttpServerError } from "effect/http"

import * as Chaos from "../../Chaos.ts"
import * as Emulator from "../../Emulator.ts"
import * as Fault from "../../Fault.ts"
import { type Dialect } from "../../RecordedRequest.ts"
import * as Reply from "../../Reply.ts"

const duration = (name: string) =>
  Flag.String(name).pipe(Flag.withSchema(Schema.DurationFromString), Flag.withDefault(Duration.zero))

const flags = {
  port: Flag.Int("port").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))),
    Flag.withDescription("The port to listen on; 0 takes any free one"),
    Flag.withDefault(4010),
  ),
  text: Flag.String("text").pipe(
    Flag.withDescription("What every model answers"),
    Flag.withDefault("Hello from the emulator."),
  ),
  delayFirstByte: duration("delay-first-byte").pipe(
    Flag.withDescription('Time to the first token, such as "300 millis"'),
  ),
  delayFrames: duration("delay-frames").pipe(Flag.withDescription('Time between two events, such as "20 millis"')),
  chaosSeed: Flag.Int("chaos-seed").pipe(
    Flag.withDescription("The same seed brings the same faults"),
    Flag.withDefault(1),
  ),
  chaosRate: Flag.Finite("chaos-rate").pipe(
    Flag.withSchema(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))),
    Flag.withDescription("The share of answers that meets a fault, from 0 to 1"),
    Flag.withDefault(0),
  ),
  batchPolls: Flag.Int("batch-polls").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))),
    Flag.withDescription("How many polls find a batch running before it ends"),
    Flag.withDefault(1),
  ),
  strict: Flag.Boolean("strict").pipe(
    Flag.withDescription("Refuse histories that the provider would refuse"),
    Flag.withDefault(false),
  ),
}

const usage = (emulator: Emulator.Emulator["Service"]): string =>
  [
    `Listening on http://127.0.0.1:${emulator.port}; any key is accepted. Stop with Ctrl+C.`,
    "",
    `OPENAI_BASE_URL=${emulator.baseUrl("openai-responses")}`,
    "OPENAI_API_KEY=emulator",
    `ANTHROPIC_BASE_URL=${emulator.baseUrl("anthropic")}`,
    "ANTHROPIC_API_KEY=emulator",
    `GOOGLE_GEMINI_BASE_URL=${emulator.baseUrl("google")}`,
    "GEMINI_API_KEY=emulator",
  ].join("\n")

const dialects: ReadonlyArray<Dialect> = ["openai-responses", "openai-chat", "anthropic", "google"]

const announce = (options: {
  readonly text: string
  readonly delayFirstByte: Duration.Duration
  readonly delayFrames: Duration.Duration
}) =>
  Effect.gen(function* () {
    const emulator = yield* Emulator.Emulator
    const reply = Reply.text(options.text).pipe(
      Fault.delayFirstByte(options.delayFirstByte),
      Fault.delayFrames(options.delayFrames),
    )
    yield* Effect.forEach(dialects, (dialect) => emulator.respond(dialect, () => reply), { discard: true })
    yield* Console.log(usage(emulator))
  })

/** Says in one line why there is no emulator, in place of a stack trace. */
const explain = (port: number) => (error: HttpServerError.ServeError) => {
  const why = error.cause instanceof Error ? error.cause.message : String(error.cause)
  return Effect.andThen(
    Console.error(`Cannot listen on port ${port}: ${why}. Choose another one with --port; 0 takes any that is free.`),
    Effect.fail(Object.assign(error, { [Runtime.errorReported]: false })),
  )
}

/** `holdfast-emulator`: runs the emulator until it is interrupted. */
export const command = Command.make(
  "holdfast-emulator",
  flags,
  ({ batchPolls, chaosRate, chaosSeed, port, strict, ...options }) =>
    Layer.effectDiscard(announce(options)).pipe(
      Layer.provideMerge(
        Emulator.layer({ port, strict, batchPolls, chaos: Chaos.seeded(chaosSeed, { rate: chaosRate }) }),
      ),
      Layer.launch,
      Effect.catchTag("ServeError", explain(port)),
    ),
).pipe(Command.withDescription("The OpenAI, Anthropic and Gemini APIs on a loopback port, for tests and demos"))
