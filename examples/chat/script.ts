/** What the emulated providers say. */
import { type Emulator, Fault, Reply } from "@holdfast/testing"
import { type RecordedRequest } from "@holdfast/testing/RecordedRequest"
import { Effect } from "effect"

const ships = `**A ship floats because it pushes water aside.** The water pushes back with the weight of what was pushed aside, as Archimedes found.

1. An empty hull is mostly *air*, so it is light for its size.
2. It sinks until the water that it displaces weighs as much as the ship.
3. Load it, and it lies deeper: each centimetre carries a little more.

| Ship | Displacement | Draught |
| --- | ---: | ---: |
| Rowing boat | 0.3 t | 0.2 m |
| Trawler | 1,200 t | 5.1 m |
| Container ship | 220,000 t | 16 m |

\`\`\`ts
const floats = (ship: { mass: number; volume: number }) => ship.mass < ship.volume * 1.025
\`\`\`

More is at [the International Maritime Organization](https://www.imo.org).`

const weather = `In **Bergen** it rains at 6 °C, with wind of 11 m/s from the sea. Take the *oilskin*, and double the mooring lines.`

const fallback = `The first provider was overloaded, so **another one answers you now**. You have seen none of that, but for the notice above and the price below.`

const hostile = `A model may say anything, so the page takes none of it for markup:

<img src=x onerror="alert(1)"> <script>alert(2)</script>

[Do not press](javascript:alert(3)) and **this is bold all the same**.`

const long = Array.from(
  { length: 40 },
  (_, hour) =>
    `- **${String(hour % 24).padStart(2, "0")}:00** The tide is ${hour % 12 < 6 ? "rising" : "falling"}, and the harbour is quiet.`,
).join("\n")

const slowly = (reply: Reply.Reply) => reply.pipe(Fault.delayFirstByte("250 millis"), Fault.delayFrames("12 millis"))

/** What was asked last, and whether a tool has answered already. */
const asked = ({ body }: RecordedRequest) => {
  const text = JSON.stringify(body)
  const question = /(weather|down|long|dangerous)/g
  const from = Math.max(text.lastIndexOf('"role":"user"'), 0)
  const newest = text.slice(from)
  return { topic: newest.match(question)?.[0], answered: /function_call_output|tool_result/.test(newest) }
}

const reply = (request: RecordedRequest): Reply.Reply => {
  const { answered, topic } = asked(request)
  switch (topic) {
    case "weather":
      return slowly(
        answered ? Reply.text(weather) : Reply.answer({ toolCalls: [{ name: "weather", params: { city: "Bergen" } }] }),
      )
    case "down":
      return request.dialect === "anthropic"
        ? slowly(Reply.text(fallback))
        : Reply.overloaded({ retryAfterMs: "200 millis" })
    case "long":
      return slowly(Reply.text(`The next forty hours:\n\n${long}`))
    case "dangerous":
      return slowly(Reply.text(hostile))
    default:
      return slowly(
        Reply.answer({ reasoning: "They ask about buoyancy. Archimedes, briefly, with numbers.", text: ships }),
      )
  }
}

export const rehearse = (emulator: Emulator.Emulator["Service"]) =>
  Effect.all([emulator.respond("openai-responses", reply), emulator.respond("anthropic", reply)])
