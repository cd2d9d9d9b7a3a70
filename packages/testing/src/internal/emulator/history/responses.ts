import { type Json } from "../dialect.ts"
import { type Complaint, firstOf, hasHalfPair, objectsIn, type Rule, textIn } from "./rule.ts"

const itemsIn = (body: Json): ReadonlyArray<Json> => objectsIn(body, "input")

/** What the ids of one answer's items have in common. */
export const stem = (id: string): string => id.slice(id.indexOf("_") + 1, id.indexOf("_") + 13)

const request = (...input: ReadonlyArray<Json>): Json => ({ model: "gpt-6.1-terra", store: false, input })
const user: Json = { role: "user", content: "hi" }
const call = (call_id: string, name = "f"): Json => ({ type: "function_call", call_id, name, arguments: "{}" })
const output = (call_id: string): Json => ({ type: "function_call_output", call_id, output: "r" })
const sealed = (id: string): Json => ({ type: "reasoning", id, summary: [], encrypted_content: "elsewhere" })

const isCall = ({ type }: Json): boolean => type === "function_call" || type === "custom_tool_call"
const isOutput = ({ type }: Json): boolean => type === "function_call_output" || type === "custom_tool_call_output"
const callIds = (items: ReadonlyArray<Json>, which: (item: Json) => boolean): ReadonlyArray<string> =>
  items.filter(which).map((item) => textIn(item, "call_id"))

const invalid = (message: string | undefined): Complaint | undefined =>
  message === undefined ? undefined : { message, type: "invalid_request_error" }

const answered: Rule = {
  name: "Each call has its output",
  source: "https://github.com/bytedance/trae-agent/issues/245",
  breaks: request(user, call("a"), user),
  complaint: (body) => {
    const outputs = callIds(itemsIn(body), isOutput)
    const missing = callIds(itemsIn(body), isCall).find((id) => !outputs.includes(id))
    return invalid(missing && `No tool output found for function call ${missing}.`)
  },
}

const called: Rule = {
  name: "Each output has its call before it",
  source: "https://github.com/continuedev/continue/issues/10092",
  breaks: request(user, output("a")),
  complaint: (body) => {
    if (body["previous_response_id"] !== undefined) return undefined
    const items = itemsIn(body)
    const lost = items.find(
      (item, at) => isOutput(item) && !callIds(items.slice(0, at), isCall).includes(textIn(item, "call_id")),
    )
    return invalid(lost && `No tool call found for function call output with call_id ${textIn(lost, "call_id")}.`)
  },
}

const followed: Rule = {
  name: "Reasoning is followed by what it led to",
  source: "https://github.com/vercel/ai/issues/7099",
  breaks: { ...request(user, { type: "reasoning", id: "rs_1", summary: [] }, user), store: true },
  complaint: (body) => {
    const items = itemsIn(body)
    const idle = items.find((item, at) => {
      const next = items[at + 1]
      const led = next !== undefined && next["role"] !== "user" && !isOutput(next)
      return item["type"] === "reasoning" && !led
    })
    return invalid(
      idle && `Item '${textIn(idle, "id")}' of type 'reasoning' was provided without its required following item.`,
    )
  },
}

const explained: Rule = {
  name: "What is named by its id comes with the reasoning that led to it",
  source: "https://github.com/continuedev/continue/issues/11994",
  // The emulator's own ids say which answer an item is of.
  breaks: request(user, { ...call("a"), id: "fc_0000000000010000" }, output("a")),
  complaint: (body, { reasoning }) => {
    const items = itemsIn(body)
    return firstOf(
      items.map((item, at) => {
        const id = textIn(item, "id")
        if (!/^(?:fc|msg)_/.test(id) || !reasoning.has(stem(id))) return undefined
        const led = items
          .slice(0, at)
          .some((one) => one["type"] === "reasoning" && stem(textIn(one, "id")) === stem(id))
        return led
          ? undefined
          : `Item '${id}' of type '${textIn(item, "type")}' was provided without its required 'reasoning' item: 'rs_${stem(id)}0000'.`
      }),
    )
  },
}

const own: Rule = {
  name: "Encrypted reasoning is the server's own",
  source: "https://github.com/openai/codex/issues/8145",
  breaks: request(user, sealed("rs_1"), call("a"), output("a")),
  complaint: (body, { signatures }) => {
    const foreign = itemsIn(body).find(
      (item) => textIn(item, "encrypted_content") !== "" && !signatures.has(textIn(item, "encrypted_content")),
    )
    return foreign === undefined
      ? undefined
      : {
          message: `The encrypted content for item ${textIn(foreign, "id")} could not be verified. Reason: Encrypted content could not be decrypted or parsed.`,
          type: "invalid_request_error",
          code: "invalid_encrypted_content",
        }
  },
}

const stored: Rule = {
  name: "What is not stored is not referred to",
  source: "https://github.com/can1357/oh-my-pi/issues/41",
  breaks: request(user, { type: "reasoning", id: "rs_1", summary: [] }, call("a"), output("a")),
  complaint: (body) => {
    if (body["store"] !== false) return undefined
    const lost = itemsIn(body).find(
      ({ encrypted_content, type }) =>
        type === "item_reference" || (type === "reasoning" && encrypted_content === undefined),
    )
    return lost === undefined
      ? undefined
      : {
          status: 404,
          message: `Item with id '${textIn(lost, "id")}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
          type: "invalid_request_error",
        }
  },
}

const prefixes: Readonly<Record<string, string>> = { function_call: "fc", message: "msg", reasoning: "rs" }

const ids: Rule = {
  name: "Ids begin with what the item is",
  source: "https://platform.openai.com/docs/api-reference/responses/create",
  breaks: request(user, { ...call("a"), id: "toolu_1" }, output("a")),
  complaint: (body) =>
    firstOf(
      itemsIn(body).map((item, at) => {
        const prefix = prefixes[textIn(item, "type")]
        const id = textIn(item, "id")
        return prefix === undefined || id === "" || id.startsWith(`${prefix}_`)
          ? undefined
          : `Invalid 'input[${at}].id': '${id}'. Expected an ID that begins with '${prefix}'.`
      }),
    ),
}

const short: Rule = {
  name: "The ids of calls have 64 characters at most",
  source: "https://github.com/openclaw/openclaw/pull/875",
  breaks: request(user, call("a".repeat(65)), output("a".repeat(65))),
  complaint: (body) =>
    firstOf(
      itemsIn(body).map((item, at) => {
        const { length } = textIn(item, "call_id")
        return length <= 64
          ? undefined
          : `Invalid 'input[${at}].call_id': string too long. Expected a string with maximum length 64, but got a string with length ${length} instead.`
      }),
    ),
}

const names: Rule = {
  name: "The names of functions match ^[a-zA-Z0-9_-]+$",
  source: "https://platform.openai.com/docs/api-reference/responses/create",
  breaks: request(user, call("a", "x.y"), output("a")),
  complaint: (body) =>
    firstOf(
      itemsIn(body).map((item, at) =>
        item["type"] !== "function_call" || /^[\w-]{1,128}$/.test(textIn(item, "name"))
          ? undefined
          : `Invalid 'input[${at}].name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
      ),
    ),
}

const whole: Rule = {
  name: "No text has half a surrogate pair",
  source: "https://github.com/elizaOS/eliza/pull/18079",
  breaks: request({ role: "user", content: "\ud83d" }),
  complaint: (body) =>
    hasHalfPair(body)
      ? invalid(
          "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly.)",
        )
      : undefined,
}

/** What the Responses API wants of a history. */
export const responsesRules: ReadonlyArray<Rule> = [
  whole,
  ids,
  short,
  names,
  stored,
  followed,
  own,
  explained,
  answered,
  called,
]
