import { isJson, type Json } from "../dialect.ts"
import { firstOf, hasHalfPair, objectsIn, type Rule, textIn } from "./rule.ts"

interface Message {
  readonly at: number
  readonly role: string
  readonly blocks: ReadonlyArray<Json>
}

const messagesIn = (body: Json): ReadonlyArray<Message> =>
  objectsIn(body, "messages").map((message, at) => ({
    at,
    role: textIn(message, "role"),
    blocks:
      typeof message["content"] === "string"
        ? [{ type: "text", text: message["content"] }]
        : objectsIn(message, "content"),
  }))

const blocksIn = (body: Json) =>
  messagesIn(body).flatMap(({ at, blocks, role }) =>
    blocks.map((block, index) => ({
      block,
      role,
      path: `messages.${at}.content.${index}`,
      type: textIn(block, "type"),
    })),
  )

const ids = (blocks: ReadonlyArray<Json>, type: string, key: string): ReadonlyArray<string> =>
  blocks.flatMap((block) => (block["type"] === type ? [textIn(block, key)] : []))

/** Results count as long as nothing else came before them. */
const leadingResults = (message: Message | undefined): ReadonlyArray<string> => {
  if (message?.role !== "user") return []
  const end = message.blocks.findIndex(({ type }) => type !== "tool_result")
  return ids(end === -1 ? message.blocks : message.blocks.slice(0, end), "tool_result", "tool_use_id")
}

const isThought = (block: Json | undefined): boolean =>
  block?.["type"] === "thinking" || block?.["type"] === "redacted_thinking"

const thinkingMode = ({ thinking }: Json): unknown => (isJson(thinking) ? thinking["type"] : undefined)

/** The messages of the turn that the request goes on with: those after the last of the user's own. */
const currentTurn = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> =>
  messages.slice(
    messages.findLastIndex(
      ({ blocks, role }) => role === "user" && !blocks.some(({ type }) => type === "tool_result"),
    ) + 1,
  )

const user = (content: unknown): Json => ({ role: "user", content })
const assistant = (...content: ReadonlyArray<Json>): Json => ({ role: "assistant", content })
const use = (id: string, name = "f"): Json => ({ type: "tool_use", id, name, input: {} })
const result = (id: string): Json => ({ type: "tool_result", tool_use_id: id, content: "r" })
const said = (text: string): Json => ({ type: "text", text })
const request = (...messages: ReadonlyArray<Json>): Json => ({ model: "claude-sonnet-4-5", max_tokens: 9000, messages })

const answered: Rule = {
  name: "Calls are followed at once by their results, which are the first of the next message",
  source: "https://github.com/anthropics/claude-code/issues/8210",
  breaks: request(user("hi"), assistant(use("a")), user([said("go on"), result("a")])),
  complaint: (body) => {
    const messages = messagesIn(body)
    return firstOf(
      messages.map(({ at, blocks }) => {
        const results = leadingResults(messages[at + 1])
        const missing = ids(blocks, "tool_use", "id").filter((id) => !results.includes(id))
        return missing.length === 0
          ? undefined
          : `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`
      }),
    )
  },
}

const called: Rule = {
  name: "Results are for calls of the message before",
  source: "https://github.com/anthropics/claude-code/issues/13460",
  breaks: request(user("hi"), assistant(said("ho")), user([result("a")])),
  complaint: (body) => {
    const messages = messagesIn(body)
    return firstOf(
      messages.flatMap(({ at, blocks }) => {
        const calls = ids(messages[at - 1]?.blocks ?? [], "tool_use", "id")
        return blocks.map((block, index) => {
          const id = block["type"] === "tool_result" ? textIn(block, "tool_use_id") : undefined
          return id === undefined || calls.includes(id)
            ? undefined
            : `messages.${at}.content.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`
        })
      }),
    )
  },
}

const single: Rule = {
  name: "A call has one result",
  source: "https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use",
  breaks: request(user("hi"), assistant(use("a")), user([result("a"), result("a")])),
  complaint: (body) =>
    firstOf(
      messagesIn(body).flatMap(({ at, blocks }) =>
        ids(blocks, "tool_result", "tool_use_id").map((id, index, all) =>
          all.indexOf(id) === index
            ? undefined
            : `messages.${at}.content.${index}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`,
        ),
      ),
    ),
}

const unique: Rule = {
  name: "Calls have ids of their own",
  source: "https://github.com/anthropics/claude-code/issues/20901",
  breaks: request(user("hi"), assistant(use("a")), user([result("a")]), assistant(use("a")), user([result("a")])),
  complaint: (body) => {
    const known = new Set<string>()
    return firstOf(
      blocksIn(body).map(({ block, path, type }) => {
        if (type !== "tool_use") return undefined
        const id = textIn(block, "id")
        return known.size === known.add(id).size ? `${path}: \`tool_use\` ids must be unique` : undefined
      }),
    )
  },
}

const patterned = (field: "id" | "name", pattern: RegExp, source: string, breaking: Json): Rule => ({
  name: `The ${field}s of calls match ${pattern.source}`,
  source,
  breaks: breaking,
  complaint: (body) =>
    firstOf(
      blocksIn(body).map(({ block, path, type }) =>
        type !== "tool_use" || pattern.test(textIn(block, field))
          ? undefined
          : `${path}.tool_use.${field}: String should match pattern '${pattern.source}'`,
      ),
    ),
})

const texts: Rule = {
  name: "Texts are not empty, and not all blank",
  source: "https://github.com/home-assistant/core/issues/175637",
  breaks: request(user("hi"), assistant(said("\n")), user("go on")),
  complaint: (body) =>
    firstOf(
      blocksIn(body).map(({ block, type }) => {
        if (type !== "text" || textIn(block, "text").trim() !== "") return undefined
        const how = textIn(block, "text") === "" ? "be non-empty" : "contain non-whitespace text"
        return `messages: text content blocks must ${how}`
      }),
    ),
}

const contents: Rule = {
  name: "Messages say something",
  source: "https://platform.claude.com/docs/en/api/messages",
  breaks: request(user("hi"), assistant(), user("go on")),
  complaint: (body) =>
    firstOf(
      messagesIn(body).map(({ at, blocks }, _, { length }) =>
        blocks.length > 0 || at === length - 1
          ? undefined
          : `messages.${at}: all messages must have non-empty content except for the optional final assistant message`,
      ),
    ),
}

const trimmed: Rule = {
  name: "A beginning of the answer does not end in white space",
  source: "https://github.com/tailcallhq/forgecode/issues/1872",
  breaks: request(user("hi"), assistant(said("ho "))),
  complaint: (body) => {
    const last = messagesIn(body).at(-1)
    const text = last?.role === "assistant" ? last.blocks.at(-1) : undefined
    return text !== undefined && text["type"] === "text" && /\s$/.test(textIn(text, "text"))
      ? { message: "messages: final assistant content cannot end with trailing whitespace" }
      : undefined
  },
}

const prefill: Rule = {
  name: "From 4.6 on the conversation ends with the user",
  source: "https://github.com/anthropics/claude-code/issues/52433",
  models: /claude-(?:opus|sonnet|haiku|fable|mythos)-(?:4-[6-9]|[5-9])/,
  breaks: { ...request(user("hi"), assistant(said("ho"))), model: "claude-opus-4-6" },
  complaint: (body) => {
    const last = messagesIn(body).at(-1)
    const paused = /^server_tool_use$|_tool_result$/.test(textIn(last?.blocks.at(-1) ?? {}, "type"))
    return last?.role === "assistant" && !paused
      ? {
          message:
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        }
      : undefined
  },
}

const thoughtful: Rule = {
  name: "With a budget for thinking, a tool loop began with a thought",
  source: "https://github.com/anomalyco/opencode/issues/3077",
  breaks: {
    ...request(user("hi"), assistant(use("a")), user([result("a")])),
    thinking: { type: "enabled", budget_tokens: 1024 },
  },
  complaint: (body) => {
    const messages = messagesIn(body)
    const first = currentTurn(messages).find(({ role }) => role === "assistant")
    if (thinkingMode(body) !== "enabled" || first === undefined || messages.at(-1)?.role !== "user") return undefined
    return isThought(first.blocks[0])
      ? undefined
      : {
          message: `messages.${first.at}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${textIn(first.blocks[0] ?? {}, "type")}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable \`thinking\`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking`,
        }
  },
}

const thoughtsFirst: Rule = {
  name: "With a budget for thinking, a message with thoughts begins with one",
  source: "https://github.com/anthropics/claude-code/issues/20705",
  breaks: {
    ...request(user("hi"), assistant(said("ho"), { type: "redacted_thinking", data: "x" }, said("ha")), user("go on")),
    thinking: { type: "enabled", budget_tokens: 1024 },
  },
  complaint: (body) =>
    thinkingMode(body) !== "enabled"
      ? undefined
      : firstOf(
          messagesIn(body).map(({ at, blocks, role }) =>
            role === "assistant" && blocks.some(isThought) && !isThought(blocks[0])
              ? `messages.${at}.content.0: If an assistant message contains any thinking blocks, the first block must be \`thinking\` or \`redacted_thinking\`. Found \`${textIn(blocks[0] ?? {}, "type")}\`.`
              : undefined,
          ),
        ),
}

const thoughtless: Rule = {
  name: "Without thinking, the turn that goes on has no thoughts",
  source: "https://github.com/tailcallhq/forgecode/issues/1853",
  // Later ones think by default.
  models: /claude-(?:3-7|(?:opus|sonnet|haiku)-4(?:-[0-6]\b|-\d{8}|$))/,
  breaks: request(user("hi"), assistant({ type: "redacted_thinking", data: "x" }, use("a")), user([result("a")])),
  complaint: (body) => {
    const mode = thinkingMode(body)
    if (mode !== undefined && mode !== "disabled") return undefined
    const guilty = currentTurn(messagesIn(body)).find(
      ({ blocks, role }) => role === "assistant" && blocks.some(isThought),
    )
    return guilty === undefined
      ? undefined
      : {
          message: `messages.${guilty.at}.content.${guilty.blocks.findIndex(isThought)}: When thinking is disabled, an \`assistant\` message in the final position cannot contain \`thinking\`. To use thinking blocks, enable \`thinking\` in your request.`,
        }
  },
}

const ledSomewhere: Rule = {
  name: "No message ends with a thought",
  source: "https://github.com/tailcallhq/forgecode/issues/2107",
  breaks: request(user("hi"), assistant({ type: "redacted_thinking", data: "x" }), user("go on")),
  complaint: (body) =>
    firstOf(
      messagesIn(body).map(({ at, blocks, role }) =>
        role === "assistant" && isThought(blocks.at(-1))
          ? `messages.${at}: The final block in an assistant message cannot be \`thinking\`.`
          : undefined,
      ),
    ),
}

const signed: Rule = {
  name: "Thoughts have the signature that Anthropic gave them",
  source: "https://github.com/anthropics/claude-code/issues/10627",
  breaks: request(
    user("hi"),
    assistant({ type: "thinking", thinking: "hm", signature: "elsewhere" }, said("ho")),
    user("go on"),
  ),
  complaint: (body, { signatures }) =>
    firstOf(
      blocksIn(body).map(({ block, path, type }) =>
        type === "thinking" && !signatures.has(textIn(block, "signature"))
          ? `${path}: Invalid \`signature\` in \`thinking\` block`
          : undefined,
      ),
    ),
}

const images = ["image/jpeg", "image/png", "image/gif", "image/webp"]

const media: Rule = {
  name: "Images are JPEG, PNG, GIF or WebP, documents PDF or text",
  source: "https://platform.claude.com/docs/en/build-with-claude/vision",
  breaks: request(user([{ type: "image", source: { type: "base64", media_type: "image/tiff", data: "AA==" } }])),
  complaint: (body) =>
    firstOf(
      blocksIn(body).map(({ block, path, type }) => {
        const source = isJson(block["source"]) ? block["source"] : {}
        if (source["type"] !== "base64" || (type !== "image" && type !== "document")) return undefined
        const taken = type === "image" ? images : ["application/pdf"]
        const wanted = taken
          .map((one) => `'${one}'`)
          .join(", ")
          .replace(/, (?='[^']*'$)/, " or ")
        return taken.includes(textIn(source, "media_type"))
          ? undefined
          : `${path}.${type}.source.base64.media_type: Input should be ${wanted}`
      }),
    ),
}

const roles: Rule = {
  name: "Before 4.8 system messages come first",
  source: "https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages",
  models: /claude-(?:3|(?:opus|sonnet|haiku)-4(?:-[0-7]\b|-\d{8}|$))/,
  breaks: request(user("hi"), { role: "system", content: "be brief" }),
  complaint: (body) =>
    messagesIn(body).some(({ role }) => role === "system")
      ? {
          message:
            'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.',
        }
      : undefined,
}

const whole: Rule = {
  name: "No text has half a surrogate pair",
  source: "https://github.com/anthropics/claude-code/issues/56064",
  breaks: request(user("\ud83d")),
  complaint: (body) =>
    hasHalfPair(body)
      ? { message: "The request body is not valid JSON: no low surrogate in string: line 1 column 42 (char 41)" }
      : undefined,
}

/** What Anthropic wants of a history. */
export const anthropicRules: ReadonlyArray<Rule> = [
  whole,
  roles,
  contents,
  texts,
  patterned(
    "id",
    /^[a-zA-Z0-9_-]+$/,
    "https://github.com/maximhq/bifrost/issues/5097",
    request(user("hi"), assistant(use("f:0")), user([result("f:0")])),
  ),
  patterned(
    "name",
    /^[a-zA-Z0-9_-]{1,128}$/,
    "https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use",
    request(user("hi"), assistant(use("a", "x.y")), user([result("a")])),
  ),
  unique,
  answered,
  called,
  single,
  media,
  signed,
  thoughtsFirst,
  thoughtful,
  thoughtless,
  ledSomewhere,
  trimmed,
  prefill,
]
