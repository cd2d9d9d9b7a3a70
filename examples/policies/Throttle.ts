/**
 * Delivers the text of streamed answers at a steady pace.
 */
import { ModelCall, ResilientModel } from "@holdfast/core"
import { Duration, Effect } from "effect"

const encoder = new TextEncoder()

const bytesOf = (part: ModelCall.Part): number => (part.type === "text-delta" ? encoder.encode(part.delta).length : 0)

// The kernel: how long to wait before some bytes are delivered, and when the next ones may follow. Nanoseconds.
const paced = (freeAt: bigint, now: bigint, duration: bigint) => {
  const start = freeAt > now ? freeAt : now
  return { wait: start - now, freeAt: start + duration }
}

export const bytesPerSecond = (rate: number) =>
  ResilientModel.policy({ name: "Throttle.bytesPerSecond", place: "pacing", settings: { rate } }, (call) => {
    if (!(rate > 0)) return ResilientModel.misconfigured("Throttle.bytesPerSecond", "the rate must be above zero")
    const throttled = ModelCall.onParts(call, () => {
      // Made for each answer.
      let freeAt = 0n
      return (parts) =>
        Effect.clockWith((clock) => {
          const bytes = parts.reduce((sum, part) => sum + bytesOf(part), 0)
          // The monotonic clock, which is never set back.
          const next = paced(freeAt, clock.monotonicTimeNanosUnsafe(), BigInt(Math.ceil((bytes / rate) * 1e9)))
          freeAt = next.freeAt
          return Effect.sleep(Duration.nanos(next.wait))
        })
    })
    return Effect.succeed(throttled)
  })
