import { type MessageInitShape } from "@bufbuild/protobuf"
/** Between the messages of `chat.proto` and ours. */
import { Option, Result } from "effect"
import { Base64 } from "effect/encoding"

import {
  type AnswerResponseSchema,
  type AskRequest,
  type ChatEventSchema,
  type DoneSchema,
  type ErrorSchema,
  type Message,
} from "../../chat_pb.ts"
import {
  type Answer,
  type Done,
  type Event,
  type File,
  type Source,
  type Start,
  type ToolCall,
  type ToolResult,
} from "../../ChatProtocol.ts"
import { type WireError } from "../error/fields.ts"

type EventInit = MessageInitShape<typeof ChatEventSchema>

/** The body that HTTP would have, to be checked as that is. */
export const bodyOf = ({ answerId, chatId, dataJson, messageId, messages }: AskRequest): object => ({
  messages: messages.map(messageOf),
  ...(answerId !== undefined && { answerId }),
  ...(chatId !== undefined && { chatId }),
  ...(messageId !== undefined && { messageId }),
  ...(dataJson !== undefined && { data: parsed(dataJson) }),
})

const messageOf = ({ content, role }: Message): object => ({
  role,
  content: content.case === "partsJson" ? parsed(content.value) : (content.value ?? ""),
})

/** Text that is not JSON becomes nothing that a schema would take. */
const parsed = (json: string): unknown =>
  Option.getOrUndefined(Result.getSuccess(Result.try((): unknown => JSON.parse(json))))

/** An `error` is no event of gRPC but the status of the call. */
export const eventInit = (event: Exclude<Event, { readonly type: "error" }>, id: number): EventInit => {
  switch (event.type) {
    case "token":
    case "reasoning":
      return { id, event: { case: event.type, value: { text: event.text, block: event.block ?? 0 } } }
    case "start":
      return { id, event: { case: "start", value: startInit(event) } }
    case "tool-input-start":
      return { id, event: { case: "toolInputStart", value: { id: event.id, name: event.name } } }
    case "tool-input-delta":
      return { id, event: { case: "toolInputDelta", value: { id: event.id, delta: event.delta } } }
    case "tool-call":
      return { id, event: { case: "toolCall", value: callInit(event) } }
    case "tool-result":
      return { id, event: { case: "toolResult", value: resultInit(event) } }
    case "tool-approval":
      return {
        id,
        event: { case: "toolApproval", value: { approvalId: event.approvalId, toolCallId: event.toolCallId } },
      }
    case "source":
      return { id, event: { case: "source", value: sourceInit(event) } }
    case "file":
      return { id, event: { case: "file", value: fileInit(event) } }
    case "step":
      return { id, event: { case: "step", value: {} } }
    case "data": {
      const { data, id: part, name, transient = false } = event
      const value = { name, dataJson: JSON.stringify(data), transient, ...(part !== undefined && { id: part }) }
      return { id, event: { case: "data", value } }
    }
    case "done":
      return { id, event: { case: "done", value: doneInit(event) } }
  }
}

const startInit = ({ answerId, chatId, messageId }: typeof Start.Type) => ({
  answerId,
  ...(chatId !== undefined && { chatId }),
  ...(messageId !== undefined && { messageId }),
})

const sourceInit = ({ fileName, id, mediaType, title, url }: typeof Source.Type) => ({
  id,
  ...(title !== undefined && { title }),
  ...(url !== undefined && { url }),
  ...(mediaType !== undefined && { mediaType }),
  ...(fileName !== undefined && { fileName }),
})

const callInit = ({ id, input, name, providerExecuted = false }: Omit<typeof ToolCall.Type, "type">) => ({
  id,
  name,
  inputJson: JSON.stringify(input),
  providerExecuted,
})

const resultInit = (result: typeof ToolResult.Type) => ({
  id: result.id,
  name: result.name,
  outputJson: JSON.stringify(result.output),
  failed: result.failed,
  preliminary: result.preliminary ?? false,
  providerExecuted: result.providerExecuted ?? false,
})

const fileInit = ({ data, mediaType }: Omit<typeof File.Type, "type">) => ({
  mediaType,
  data: Result.getOrElse(Base64.decode(data), () => new Uint8Array()) as Uint8Array<ArrayBuffer>,
})

const doneInit = ({ usage, ...done }: Omit<typeof Done.Type, "type">): MessageInitShape<typeof DoneSchema> => ({
  reason: done.reason,
  latency: done.latency,
  attempts: done.attempts,
  ...(usage !== undefined && { usage: usageInit(usage) }),
  ...(done.timeToFirstToken !== undefined && { timeToFirstToken: done.timeToFirstToken }),
  ...(done.provider !== undefined && { provider: done.provider }),
  ...(done.model !== undefined && { model: done.model }),
  ...(done.cost !== undefined && { cost: done.cost }),
})

const usageInit = ({ inputTokens, outputTokens }: NonNullable<(typeof Done.Type)["usage"]>) => ({
  ...counted("inputTotal", inputTokens.total),
  ...counted("inputUncached", inputTokens.uncached),
  ...counted("inputCacheRead", inputTokens.cacheRead),
  ...counted("inputCacheWrite", inputTokens.cacheWrite),
  ...counted("outputTotal", outputTokens.total),
  ...counted("outputText", outputTokens.text),
  ...counted("outputReasoning", outputTokens.reasoning),
})

const counted = (name: string, count: number | undefined) => ({
  ...(count !== undefined && count >= 0 && count <= 0xff_ff_ff_ff && { [name]: count }),
})

export const answerInit = (answer: Answer): MessageInitShape<typeof AnswerResponseSchema> => ({
  answerId: answer.answerId,
  text: answer.text,
  toolCalls: answer.toolCalls.map(callInit),
  toolResults: answer.toolCalls.flatMap(({ result }) => (result === undefined ? [] : [resultInit(result)])),
  sources: answer.sources.map(sourceInit),
  files: answer.files.map(fileInit),
  done: doneInit(answer),
  ...(answer.chatId !== undefined && { chatId: answer.chatId }),
  ...(answer.reasoning !== undefined && { reasoning: answer.reasoning }),
})

export const errorInit = (error: WireError): MessageInitShape<typeof ErrorSchema> => ({
  code: error.code,
  message: error.message,
  status: error.status,
  retryable: error.retryable,
  ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
  ...(error.policy !== undefined && { policyJson: JSON.stringify(error.policy) }),
})
