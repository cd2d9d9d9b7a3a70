import { Option, Schema } from "effect"

import { isJson, type Json } from "../dialect.ts"
import { type Complaint, firstOf, hasHalfPair, objectsIn, type Rule, textIn } from "./rule.ts"

const messagesIn = (body: Json): ReadonlyArray<Json> => objectsIn(body, "messages")
const callsIn = (message: Json | undefined): ReadonlyArray<Json> =>
  message === undefined ? [] : objectsIn(message, "tool_calls")
const nameOf = (call: Json): string => (isJson(call["function"]) ? textIn(call["function"], "name") : "")

const request = (...messages: ReadonlyArray<Json>): Json => ({ model: "gpt-4.1", messages })
const user: Json = { role: "user", content: "hi" }
const said: Json = { role: "assistant", content: "ho" }
const call = (id: string, name = "f", written = "{}"): Json => ({
  id,
  type: "function",
  function: { name, arguments: written },
})
const calling = (...tool_calls: ReadonlyArray<Json>): Json => ({ role: "assistant", content: null, tool_calls })
const result = (tool_call_id: string): Json => ({ role: "tool", tool_call_id, content: "r" })

// Servers are told apart by their models' names.
const ofMistral = /^(?:mistral|magistral|codestral|devstral|ministral|pixtral)/
const ofOthers = /^(?!mistral|magistral|codestral|devstral|ministral|pixtral)/
const ofOpenAi = /^(?:gpt|o\d|chatgpt)/

/** The results right after a message. */
const resultsAfter = (messages: ReadonlyArray<Json>, at: number): ReadonlyArray<string> => {
  const rest = messages.slice(at + 1)
  const end = rest.findIndex(({ role }) => role !== "tool")
  return (end === -1 ? rest : rest.slice(0, end)).map((message) => textIn(message, "tool_call_id"))
}

/** The message whose results a message is among. */
const callerOf = (messages: ReadonlyArray<Json>, at: number): Json | undefined =>
  messages.slice(0, at).findLast(({ role }) => role !== "tool")

const answered: Rule = {
  name: "Calls are followed at once by a result each",
  source: "https://github.com/evalstate/fast-agent/issues/314",
  // Mistral says it in other words.
  models: ofOthers,
  breaks: request(user, calling(call("a"), call("b")), result("a"), user),
  complaint: (body) => {
    const messages = messagesIn(body)
    return firstOf(
      messages.map((message, at) => {
        const results = resultsAfter(messages, at)
        const missing = callsIn(message)
          .map(({ id }) => String(id))
          .filter((id) => !results.includes(id))
        return missing.length === 0
          ? undefined
          : `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${missing.join(", ")}`
      }),
    )
  },
}

const called: Rule = {
  name: "A result is for one call of the message before, and the only one",
  source: "https://github.com/FoundationAgents/OpenManus/issues/744",
  breaks: request(user, calling(call("a")), result("a"), result("a")),
  complaint: (body) => {
    const messages = messagesIn(body)
    return firstOf(
      messages.map((message, at) => {
        if (message["role"] !== "tool") return undefined
        const id = textIn(message, "tool_call_id")
        const known = callsIn(callerOf(messages, at)).some((one) => one["id"] === id)
        const twice = messages[at - 1]?.["role"] === "tool" && textIn(messages[at - 1] ?? {}, "tool_call_id") === id
        return known && !twice
          ? undefined
          : "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
      }),
    )
  },
}

const short: Rule = {
  name: "The ids of calls have 40 characters at most",
  source: "https://github.com/vercel/ai/issues/5171",
  models: ofOpenAi,
  breaks: request(user, calling(call("a".repeat(41))), result("a".repeat(41))),
  complaint: (body) => {
    for (const [at, message] of messagesIn(body).entries()) {
      for (const [index, { id }] of callsIn(message).entries()) {
        const { length } = String(id)
        if (length > 40) {
          return {
            message: `Invalid 'messages[${at}].tool_calls[${index}].id': string too long. Expected a string with maximum length 40, but got a string with length ${length} instead.`,
            code: "string_above_max_length",
          }
        }
      }
    }
    return undefined
  },
}

const names: Rule = {
  name: "The names of functions match ^[a-zA-Z0-9_-]{1,64}$",
  source: "https://platform.openai.com/docs/api-reference/chat/create",
  breaks: request(user, calling(call("abcdefghi", "x.y")), result("abcdefghi")),
  complaint: (body) => {
    for (const [at, message] of messagesIn(body).entries()) {
      for (const [index, one] of callsIn(message).entries()) {
        if (!/^[\w-]{1,64}$/.test(nameOf(one))) {
          return {
            message: `Invalid 'messages[${at}].tool_calls[${index}].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
            code: "invalid_value",
          }
        }
      }
    }
    return undefined
  },
}

const parse = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))
const isJsonText = (text: string): boolean => Option.exists(parse(text), isJson)

const written: Rule = {
  name: "Arguments are a JSON object in a text",
  source: "https://github.com/vllm-project/vllm/issues/43995",
  breaks: request(user, calling(call("a", "f", '{"city":')), result("a")),
  complaint: (body) =>
    firstOf(
      messagesIn(body).flatMap((message, at) =>
        callsIn(message).map(({ function: own }, index) =>
          isJson(own) && isJsonText(textIn(own, "arguments"))
            ? undefined
            : `Invalid 'messages[${at}].tool_calls[${index}].function.arguments': expected a string of JSON.`,
        ),
      ),
    ),
}

const spoken: Rule = {
  name: "A message without calls has a text",
  source: "https://github.com/run-llama/llama_index/pull/17921",
  breaks: request(user, { role: "assistant", content: null }, user),
  complaint: (body) =>
    firstOf(
      messagesIn(body).map(({ content, role, tool_calls }) =>
        role === "assistant" &&
        (content === null || content === undefined || content === "") &&
        tool_calls === undefined
          ? "Invalid value for 'content': expected a string, got null."
          : undefined,
      ),
    ),
}

const imageless: Rule = {
  name: "Only the user sends images",
  source: "https://github.com/openai/openai-node/issues/1030",
  breaks: request(user, { role: "assistant", content: [{ type: "image_url", image_url: { url: "https://x.y/z" } }] }),
  complaint: (body) =>
    firstOf(
      messagesIn(body).map((message, at) =>
        message["role"] !== "user" && objectsIn(message, "content").some(({ type }) => type === "image_url")
          ? `Invalid 'messages[${at}]'. Image URLs are only allowed for messages with role 'user', but this message with role '${textIn(message, "role")}' contains an image URL.`
          : undefined,
      ),
    ),
}

const whole: Rule = {
  name: "No text has half a surrogate pair",
  source: "https://github.com/elizaOS/eliza/pull/18079",
  breaks: request({ role: "user", content: "\ud83d" }),
  complaint: (body) =>
    hasHalfPair(body)
      ? { message: "We could not parse the JSON body of your request.", type: "invalid_request_error" }
      : undefined,
}

const deepSeekThinks: Rule = {
  name: "DeepSeek: turns with calls have their reasoning_content, if only an empty one",
  source: "https://api-docs.deepseek.com/guides/thinking_mode",
  models: /^deepseek-(?!chat)/,
  breaks: { ...request(user, calling(call("a")), result("a")), model: "deepseek-v4-flash" },
  complaint: (body) =>
    messagesIn(body).some((message) => callsIn(message).length > 0 && typeof message["reasoning_content"] !== "string")
      ? {
          message: "The `reasoning_content` in the thinking mode must be passed back to the API.",
          type: "invalid_request_error",
          code: "invalid_request_error",
        }
      : undefined,
}

const mistral = (message: string, type: string, code: string): Complaint => ({
  message,
  body: { object: "error", message, type, param: null, code },
})
const orderOf = (message: string): Complaint => mistral(message, "invalid_request_message_order", "3230")
const toMistral = (...messages: ReadonlyArray<Json>): Json => ({
  ...request(...messages),
  model: "mistral-large-latest",
})

const mistralIds: Rule = {
  name: "Mistral: the ids of calls are nine letters or digits",
  source: "https://github.com/editor-code-assistant/eca/issues/233",
  models: ofMistral,
  breaks: toMistral(user, calling(call("call_1")), result("call_1")),
  complaint: (body) => {
    const id = messagesIn(body)
      .flatMap((message) => callsIn(message))
      .map((one) => String(one["id"]))
      .find((one) => !/^[a-zA-Z0-9]{9}$/.test(one))
    return id === undefined
      ? undefined
      : mistral(
          `Tool call id was ${id} but must be a-z, A-Z, 0-9, with a length of 9.`,
          "invalid_function_call",
          "3280",
        )
  },
}

// https://github.com/mistralai/mistral-common, ChatCompletionRequestValidator
const mayFollow: Readonly<Record<string, ReadonlyArray<string>>> = {
  system: ["system", "user", "assistant"],
  user: ["user", "assistant", "system"],
  assistant: ["user", "assistant", "tool"],
  tool: ["assistant", "tool"],
}

const mistralOrder: Rule = {
  name: "Mistral: only some roles follow each other; after a result comes the model",
  source: "https://github.com/avante-corp/avante.nvim/issues/2562",
  models: ofMistral,
  breaks: toMistral(user, calling(call("abcdefghi")), result("abcdefghi"), user),
  complaint: (body) => {
    const roles = messagesIn(body).map((message) => textIn(message, "role"))
    const at = roles.findIndex((role, index) => {
      const before = roles[index - 1]
      return before !== undefined && mayFollow[before]?.includes(role) !== true
    })
    return at === -1 ? undefined : orderOf(`Unexpected role '${roles[at]}' after role '${roles[at - 1]}'`)
  },
}

const mistralEnd: Rule = {
  name: "Mistral: the last word is the user's or a tool's, or a beginning that is marked as one",
  source: "https://github.com/0xPlaygrounds/rig/pull/1130",
  models: ofMistral,
  breaks: toMistral(user, said),
  complaint: (body) => {
    const last = messagesIn(body).at(-1)
    return last?.["role"] === "assistant" && last["prefix"] !== true
      ? orderOf("Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant")
      : undefined
  },
}

const mistralCounts: Rule = {
  name: "Mistral: there are as many results as calls",
  source: "https://github.com/mistralai/client-ts/issues/106",
  models: ofMistral,
  breaks: toMistral(user, calling(call("abcdefghi"), call("abcdefghj")), result("abcdefghi"), said, user),
  complaint: (body) => {
    const messages = messagesIn(body)
    return messages.some(
      (message, at) => callsIn(message).length > 0 && resultsAfter(messages, at).length !== callsIn(message).length,
    )
      ? orderOf("Not the same number of function calls and responses")
      : undefined
  },
}

/** What servers of Chat Completions want of a history. DeepSeek's, Mistral's and OpenAI's are known by their models. */
export const chatRules: ReadonlyArray<Rule> = [
  whole,
  mistralIds,
  mistralOrder,
  mistralEnd,
  mistralCounts,
  deepSeekThinks,
  short,
  names,
  written,
  spoken,
  imageless,
  answered,
  called,
]
