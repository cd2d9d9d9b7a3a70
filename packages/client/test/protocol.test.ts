import { assert, describe, it } from "@effect/vitest"
import { type ChatEvent, type ChatRequest, type PlainCode, type Policies, type WireError } from "@holdfast/client"
import { type ChatError, type ChatProtocol } from "@holdfast/server"
import { expectTypeOf } from "vitest"

/** Each event by itself, so that a type which takes one of them is not taken for one that takes all. */
type Sent<Type extends { readonly type: string }> = { [Key in Type["type"]]: Extract<Type, { readonly type: Key }> }

describe("the types of the client", () => {
  it("are those of the server", () => {
    type Event = Exclude<ChatProtocol.Event, { readonly type: "error" }>
    expectTypeOf<Event["type"]>().toEqualTypeOf<ChatEvent["type"]>()
    const client = (events: Sent<Event>): Sent<ChatEvent> => events
    assert.isFunction(client)
    expectTypeOf<ChatError.WireError>().toExtend<WireError>()
    expectTypeOf<typeof ChatProtocol.ChatRequest.Encoded>().toExtend<ChatRequest>()
  })

  it("know every error of a policy with its fields", () => {
    type Policy = typeof ChatError.Policy.Type
    expectTypeOf<Policy["_tag"]>().toEqualTypeOf<keyof Policies>()
    expectTypeOf<Extract<PlainCode, keyof Policies>>().toEqualTypeOf<never>()
  })
})
