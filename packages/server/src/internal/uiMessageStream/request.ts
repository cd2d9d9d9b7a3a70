/** From the body that `useChat` sends to a request of ours. */
import { Effect, Predicate, Schema } from "effect"

import { type ChatError } from "../../ChatError.ts"
import { type ChatRequest } from "../../ChatProtocol.ts"
import { chatRequestOf, decoded, type RequestLimits } from "../http/body.ts"

/** Parts that we do not know are passed over, as the vendor's own conversion does with data. */
const Part = Schema.StructWithRest(Schema.Struct({ type: Schema.String }), [
  Schema.Record(Schema.String, Schema.Unknown),
])

const Message = Schema.Struct({
  id: Schema.optional(Schema.String),
  role: Schema.Literals(["user", "assistant", "system"]),
  parts: Schema.Array(Part),
})

const Body = Schema.StructWithRest(
  Schema.Struct({
    id: Schema.String,
    messages: Schema.NonEmptyArray(Message),
    trigger: Schema.optional(Schema.String),
    messageId: Schema.optional(Schema.NullOr(Schema.String)),
  }),
  [Schema.Record(Schema.String, Schema.Unknown)],
)

const known: ReadonlySet<string> = new Set(Object.keys(Body.schema.fields))

const decodeBody = Schema.decodeUnknownResult(Body)

export const uiRequestOf = (body: unknown, limits: RequestLimits): Effect.Effect<ChatRequest, ChatError> =>
  Effect.flatMap(decoded(decodeBody(body)), (asked) => {
    const { id, messages } = asked
    const data = Object.fromEntries(Object.entries(asked).filter(([field]) => !known.has(field)))
    const last = messages.at(-1)
    return chatRequestOf(
      {
        chatId: id,
        // After a tool of the page has run, the answer goes on in the same message.
        ...(last?.role === "assistant" && last.id !== undefined && { messageId: last.id }),
        messages: messages.flatMap(encodedOf),
        ...(Object.keys(data).length > 0 && { data }),
      },
      limits,
    )
  })

type UiPart = typeof Part.Type

/** Messages as `effect/ai` encodes them. What does not fit is found when they are decoded. */
const encodedOf = ({ parts, role }: typeof Message.Type): ReadonlyArray<object> => {
  if (role === "assistant") return steps(parts).flatMap(ofStep)
  const content = parts.flatMap(contentOf)
  return content.length === 0 ? [] : [{ role, content }]
}

/** An assistant's message is one list of parts, in which the calls of a model begin with a mark. */
const steps = (parts: ReadonlyArray<UiPart>): ReadonlyArray<ReadonlyArray<UiPart>> => {
  const all: Array<Array<UiPart>> = [[]]
  for (const part of parts) {
    if (part.type === "step-start") all.push([])
    else all.at(-1)?.push(part)
  }
  return all
}

const ofStep = (parts: ReadonlyArray<UiPart>): ReadonlyArray<object> => {
  const content = parts.flatMap((part) => (isTool(part) ? callOf(part) : contentOf(part)))
  const results = parts.flatMap((part) => (isTool(part) && part["providerExecuted"] !== true ? resultOf(part) : []))
  return [
    ...(content.length > 0 ? [{ role: "assistant", content }] : []),
    ...(results.length > 0 ? [{ role: "tool", content: results }] : []),
  ]
}

const contentOf = (part: UiPart): ReadonlyArray<object> => {
  switch (part.type) {
    case "text":
      return part["text"] === "" ? [] : [{ type: "text", text: part["text"] }]
    case "reasoning":
      return [{ type: "reasoning", text: part["text"] }]
    case "file":
      return [{ type: "file", mediaType: part["mediaType"], ...named(part["filename"]), data: dataOf(part["url"]) }]
    default:
      return []
  }
}

const named = (fileName: unknown) => ({ ...(Predicate.isString(fileName) && { fileName }) })

/** Pages send files as URLs that hold their bytes. */
const dataOf = (url: unknown): unknown => {
  if (!Predicate.isString(url)) return url
  const inline = /^data:[^,]*;base64,/.exec(url)
  return inline === null ? { _tag: "URL", href: url } : url.slice(inline[0].length)
}

const isTool = ({ type }: UiPart): boolean => type.startsWith("tool-") || type === "dynamic-tool"

const nameOf = (part: UiPart): unknown =>
  part.type === "dynamic-tool" ? part["toolName"] : part.type.slice("tool-".length)

const callOf = (part: UiPart): ReadonlyArray<object> => {
  if (part["state"] === "input-streaming") return []
  const { approval, input, providerExecuted, rawInput, toolCallId: id } = part
  const executed = providerExecuted === true
  const call = {
    type: "tool-call",
    id,
    name: nameOf(part),
    params: input ?? rawInput ?? {},
    providerExecuted: executed,
  }
  const asked = Predicate.hasProperty(approval, "id")
    ? [{ type: "tool-approval-request", approvalId: approval.id, toolCallId: id }]
    : []
  return [call, ...asked, ...(executed ? resultOf(part) : [])]
}

const resultOf = (part: UiPart): ReadonlyArray<object> => {
  const { approval, errorText, output, state, toolCallId: id } = part
  const result = { type: "tool-result", id, name: nameOf(part), providerExecuted: part["providerExecuted"] === true }
  switch (state) {
    case "output-available":
      return [{ ...result, isFailure: false, result: output ?? null }]
    case "output-error":
      return [{ ...result, isFailure: true, result: errorText ?? "" }]
    case "output-denied":
      return [{ ...result, isFailure: true, result: denial(approval) }]
    case "approval-responded":
      return Predicate.hasProperty(approval, "id") && Predicate.hasProperty(approval, "approved")
        ? [
            {
              type: "tool-approval-response",
              approvalId: approval.id,
              approved: approval.approved,
              ...reasonOf(approval),
            },
          ]
        : []
    default:
      return []
  }
}

const reasonOf = (approval: unknown) => ({
  ...(Predicate.hasProperty(approval, "reason") && Predicate.isString(approval.reason) && { reason: approval.reason }),
})

const denial = (approval: unknown): string => reasonOf(approval).reason ?? "The call of the tool was denied."
