/** What all servers of this bench say: tokens that come one by one, each in a turn of the event loop of its own. */
import { type ChatServer } from "@holdfast/server"
import { Cause, Effect, Stream } from "effect"

export const perAnswer = 400

export const tokens = Array.from({ length: perAnswer }, (_, index) => `token ${index} `)

/** One turn of the event loop. */
export const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))

/** The tokens as the parts of a model, in the form in which a provider of Effect gives them: a pull that completes later. */
export const parts = Stream.fromPull(
  Effect.sync(() => {
    let at = 0
    return Effect.suspend((): Effect.Effect<readonly [ChatServer.Part], Cause.Done> => {
      const delta = tokens[at++]
      if (delta === undefined) return Cause.done()
      return Effect.callback((resume) => {
        setImmediate(() => resume(Effect.succeed([{ type: "text-delta", id: "0", delta }])))
      })
    })
  }),
)

/** Tells the bench where it listens, and how much time of the processor it has taken whenever it is asked. */
export const listening = (port: number): void => {
  process.on("message", () => {
    const { system, user } = process.cpuUsage()
    process.send?.({ cpu: system + user })
  })
  process.send?.({ port })
}
