/**
 * What batch APIs are asked, and what the emulator answers: the same of every vendor.
 */
import * as CallContext from "@holdfast/core/CallContext"
import * as ModelRequest from "@holdfast/core/ModelRequest"
import { Schema } from "effect"
import { Tool } from "effect/ai"

import * as Reply from "../../../Reply.ts"
import { type Capabilities, type Operation, type Question, type Questions } from "./trial.ts"

export const questionsOf = (operation: Operation, capabilities: Capabilities): Questions =>
  operation === "chat" ? chats : embeddings(capabilities)

const Place = Schema.Struct({ city: Schema.String, districts: Schema.Array(Schema.String) })

const Weather = Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })

const usage = { input: 30, cacheRead: 20, output: 9, reasoning: 5 }

interface ChatQuestion extends Omit<ModelRequest.Input, "prompt"> {
  readonly reply: Reply.Reply
}

const tool = { tools: [Weather], toolChoice: "auto" } as const

const asJson = {
  type: "json",
  objectName: "answer",
  schema: Place as unknown as Schema.Codec<unknown, unknown>,
} as const

const chatQuestions: Readonly<Record<string, ChatQuestion>> = {
  text: { reply: Reply.text("Grüße aus Oslo 🌧", { usage }) },
  thought: {
    reply: Reply.answer({ reasoning: "It may rain.", signature: "c2lnbmVk", text: "Take a coat.", usage }),
  },
  tool: {
    ...tool,
    reply: Reply.answer({
      signature: "c2lnbmVk",
      toolCalls: [{ id: "call00001", name: "weather", params: { city: "Oslo" } }],
      usage,
    }),
  },
  json: { responseFormat: asJson, reply: Reply.json({ city: "Oslo", districts: ["Frogner"] }, { usage }) },
  refusal: { reply: Reply.answer({ refusal: "I will not say.", usage }) },
  cut: { reply: Reply.text("Take a", { finish: "length", usage }) },
}

const chats: Questions = {
  plain: (text) => ModelRequest.make("generate", text),
  all: Object.entries(chatQuestions).map(([kind, { reply, ...input }]) => ({
    kind,
    reply,
    request: ModelRequest.make("generate", { ...input, prompt: `kind-${kind}` }),
  })),
  answer: (input) => Reply.text("yes", { usage: { ...usage, input } }),
}

const embedding = (...inputs: ReadonlyArray<string>): ModelRequest.ModelRequest =>
  ({
    mode: "generate",
    options: { inputs },
    settings: {},
    call: CallContext.make("embeddings", undefined),
  }) as unknown as ModelRequest.ModelRequest

const embeddings = ({ texts = Infinity }: Capabilities): Questions => {
  const several: Question = {
    kind: "several",
    request: embedding("kind-several", "Oslo", "Grüße 🌧"),
    // A vendor may answer in another order than it was asked.
    reply: Reply.embeddings({
      vectors: [
        [2, 2],
        [1, 1],
        [3, 3],
      ],
      indexes: [1, 0, 2],
      inputTokens: 12,
    }),
  }
  return {
    plain: (text) => embedding(text),
    all: [
      { kind: "one", request: embedding("kind-one Grüße 🌧"), reply: Reply.embeddings({ inputTokens: 7 }) },
      { kind: "uncounted", request: embedding("kind-uncounted"), reply: Reply.embeddings({ inputTokens: null }) },
      ...(texts > 1 ? [several] : []),
    ],
    answer: (inputTokens) => Reply.embeddings({ inputTokens }),
  }
}
