/**
 * Second act: a structured extraction, a tool whose handler runs once although its model call is retried, an image.
 */
import { deflateSync, crc32 } from "node:zlib"

import { Event, ResilientModel } from "@holdfast/core"
import { Effect, Ref, Schema } from "effect"
import { Chat, LanguageModel, Tool, Toolkit } from "effect/ai"

import { Providers } from "./providers.ts"
import { narrate } from "./streaming.ts"
import { green, line, title } from "./terminal.ts"

/** What the demo promises did not happen. */
class Unexpected extends Schema.TaggedError<Unexpected>()("Unexpected", { message: Schema.String }) {}

const Arrival = Schema.Struct({
  vessel: Schema.String,
  arrival: Schema.DateFromString,
  cargo: Schema.Array(Schema.String),
})

const extraction = Effect.gen(function* () {
  const { stage } = yield* Providers
  yield* stage("extraction")
  const { value } = yield* LanguageModel.generateObject({
    prompt: "Extract the arrival: The Aurora makes port on 4 December 2026 with timber and oranges.",
    schema: Arrival,
    objectName: "arrival",
  })
  yield* line(green(`  ${value.vessel} on ${value.arrival.toDateString()} with ${value.cargo.join(" and ")}`))
})

const TideAt = Tool.make("TideAt", {
  description: "The height of the tide in a harbour, in metres",
  parameters: Schema.Struct({ harbour: Schema.String }),
  success: Schema.Finite,
})

const Harbour = Toolkit.make(TideAt)

const tool = Effect.gen(function* () {
  const { stage } = yield* Providers
  yield* stage("tool")
  const runs = yield* Ref.make(0)
  const handlers = Harbour.toLayer({
    TideAt: () =>
      Effect.as(
        Ref.update(runs, (count) => count + 1),
        1.4,
      ),
  })
  const chat = yield* Chat.empty
  const answer = yield* Effect.gen(function* () {
    yield* chat.generateText({ prompt: "How high is the tide in Bergen?", toolkit: Harbour })
    return yield* chat.generateText({ prompt: [], toolkit: Harbour, toolChoice: "none" })
  }).pipe(Effect.provide(handlers))
  const count = yield* Ref.get(runs)
  yield* line(green(`  ${answer.text}`))
  yield* line(`  the handler ran ${count} time${count === 1 ? "" : "s"}`)
  if (count !== 1) return yield* new Unexpected({ message: `the handler ran ${count} times instead of once` })
})

const image = Effect.gen(function* () {
  const { stage } = yield* Providers
  yield* stage("image")
  const { text } = yield* LanguageModel.generateText({
    prompt: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is in this picture? One short sentence." },
          { type: "file", mediaType: "image/png", data: redSquare(64) },
        ],
      },
    ],
  })
  yield* line(green(`  ${text}`))
})

/** A picture that needs no file. */
const redSquare = (size: number): Uint8Array => {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(size, 0)
  header.writeUInt32BE(size, 4)
  header.set([8, 2], 8)
  const row = Buffer.concat([Buffer.of(0), Buffer.alloc(size * 3, Buffer.of(220, 30, 30))])
  const pixels = deflateSync(Buffer.concat(Array.from({ length: size }, () => row)))
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))])
}

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, "ascii"), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

export const tasks = Effect.gen(function* () {
  const { model } = yield* Providers
  const run = <A, E, R>(name: string, task: Effect.Effect<A, E, R>) =>
    Effect.andThen(title(name), Event.listen(task, narrate)).pipe(ResilientModel.provide(model))
  yield* run("2a  A structured extraction", extraction)
  yield* run("2b  A tool, while its model call is retried", tool)
  yield* run("2c  A question about an image", image)
})
