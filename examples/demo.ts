/**
 * The main job: three providers behind one model, on a bad day.
 *
 * `node examples/demo.ts` runs against an emulator on this machine and needs no key and no network.
 * `node examples/demo.ts --live "your prompt"` runs the same against the providers whose key is in the environment.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Failure } from "@holdfast/core"
import { Ledger } from "@holdfast/cost"
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"

import { bulk } from "./demo/bulk.ts"
import { emulated } from "./demo/emulated.ts"
import { live } from "./demo/live.ts"
import { money } from "./demo/money.ts"
import { Providers } from "./demo/providers.ts"
import { streaming } from "./demo/streaming.ts"
import { tasks } from "./demo/tasks.ts"
import { line, red, title } from "./demo/terminal.ts"

const flags = {
  live: Flag.String("live").pipe(
    Flag.withDescription("A prompt for the real providers whose API key is in the environment"),
    Flag.optional,
  ),
  prompts: Flag.Int("prompts").pipe(
    Flag.withDescription("How many prompts the third act asks (200, or 6 of the real providers)"),
    Flag.optional,
  ),
}

const show = Effect.gen(function* () {
  const { models } = yield* Providers
  yield* title(`Holdfast on ${models.map(({ name }) => name).join(", ")}`)
  yield* streaming
  yield* tasks
  yield* bulk
  yield* money
}).pipe(Effect.provide(Ledger.layerMemory()))

const demo = Command.make(
  "demo",
  flags,
  Effect.fnUntraced(function* ({ live: prompt, prompts }) {
    if (Option.isSome(prompt)) {
      return yield* Effect.provide(show, live({ question: prompt.value, prompts: Option.getOrElse(prompts, () => 6) }))
    }
    return yield* Effect.provide(show, emulated({ prompts: Option.getOrElse(prompts, () => 200) }))
  }),
).pipe(Command.withDescription("Three providers behind one model, on a bad day"))

Command.run(demo, { version: "0.1.0" }).pipe(
  Effect.tapError((error) => line(`\n${red(Failure.messageOf(error))}`)),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ disableErrorReporting: true }),
)
