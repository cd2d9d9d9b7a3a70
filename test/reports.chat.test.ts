/**
 * Answers of Chat Completions as users of other tools have reported them, in both modes where a server may answer so in both.
 */
import { events, line, reports, whole, written } from "./support/reported.ts"

const chunk = (delta: unknown, finish_reason: string | null = null, fields: object = {}) => ({
  id: "x",
  model: "m",
  choices: [{ index: 0, delta, finish_reason }],
  ...fields,
})
const usage = { prompt_tokens: 7, completion_tokens: 9 }
const piece = (fn: object, fields: object = { index: 0 }) => chunk({ tool_calls: [{ ...fields, function: fn }] })
const weather = (args: unknown) => ({ name: "weather", arguments: args })
const toA = '{"city":"A"}'
const toB = '{"city":"B"}'
const chat = (...chunks: ReadonlyArray<unknown>) => events(...chunks, "[DONE]")
const message = (fields: object, finish_reason = "stop") =>
  whole({ id: "x", choices: [{ index: 0, message: { role: "assistant", ...fields }, finish_reason }], usage })

reports("openai-chat", [
  [
    "BerriAI/litellm#35663: calls, and then a stop",
    chat(piece(weather(toA), { index: 0, id: "a" }), chunk({}, "stop")),
    ' weather{"city":"A"} tool-calls ?/?',
  ],
  [
    "BerriAI/litellm#37792: parallel calls of one index, with arguments as objects",
    chat(
      piece(weather({ city: "A" }), { index: 0, id: "a" }),
      piece(weather({ city: "B" }), { index: 0, id: "b" }),
      chunk({}, "stop"),
    ),
    ' weather{"city":"A"} weather{"city":"B"} tool-calls ?/?',
  ],
  [
    "unslothai/unsloth#10275: parallel calls without ids, of one index",
    chat(piece(weather(toA)), piece(weather(toB)), chunk({}, "tool_calls")),
    ' weather{"city":"A"} weather{"city":"B"} tool-calls ?/?',
  ],
  [
    "unslothai/unsloth#10275: the same without an index",
    chat(piece(weather(toA), {}), piece(weather(toB), {}), chunk({}, "tool_calls")),
    ' weather{"city":"A"} weather{"city":"B"} tool-calls ?/?',
  ],
  [
    "unslothai/unsloth#10275: an empty object, and then the pieces",
    chat(piece(weather({})), piece({ arguments: '{"city":' }), piece({ arguments: '"A"}' }), chunk({}, "tool_calls")),
    ' weather{"city":"A"} tool-calls ?/?',
  ],
  [
    "openai/openai-agents-js#712: an empty object before the real one",
    chat(piece(weather("{}"), { index: 0, id: "a" }), piece({ arguments: toA }), chunk({}, "tool_calls")),
    ' weather{"city":"A"} tool-calls ?/?',
  ],
  [
    "openai/openai-agents-js#712: an empty object that is meant",
    chat(piece({ name: "now", arguments: "{}" }, { index: 0, id: "a" }), chunk({}, "tool_calls")),
    " now{} tool-calls ?/?",
  ],
  [
    "lidge-jun/opencodex#361: arguments that come twice",
    chat(
      piece(weather(""), { index: 0, id: "a" }),
      piece({ arguments: toA }),
      piece({ arguments: toA }),
      chunk({}, "tool_calls"),
    ),
    ' weather{"city":"A"} tool-calls ?/?',
  ],
  [
    "mcowger/plexus#759: a piece that is JSON by itself",
    chat(
      piece(weather('{"city":"before '), { index: 0, id: "a" }),
      piece({ arguments: "{}" }),
      piece({ arguments: ' after"}' }),
      chunk({}, "tool_calls"),
    ),
    ' weather{"city":"before {} after"} tool-calls ?/?',
  ],
  [
    "vllm-project/vllm#54964: arguments as a text in a text",
    chat(piece(weather(JSON.stringify(toA)), { index: 0, id: "a" }), chunk({}, "tool_calls")),
    ' weather{"city":"A"} tool-calls ?/?',
  ],
  [
    "earendil-works/pi#5964: arguments that were cut, called whole",
    chat(piece(weather('{"city":"A'), { index: 0, id: "a" }), chunk({}, "tool_calls")),
    "InvalidOutput undecodable",
  ],
  [
    "earendil-works/pi#5964: arguments that were cut, and said to be",
    chat(piece(weather('{"city":"A'), { index: 0, id: "a" }), chunk({}, "length")),
    " length ?/?",
  ],
  [
    "null ids and names after the first piece",
    chat(
      piece(weather(null), { index: 1, id: "a" }),
      piece({ name: null, arguments: '{"city":' }, { index: 1, id: null }),
      piece({ name: "", arguments: '"A"}' }, { index: 1, id: "" }),
      chunk({}, "tool_calls"),
    ),
    ' weather{"city":"A"} tool-calls ?/?',
  ],
  [
    "the name in every piece",
    chat(
      piece(weather('{"ci'), { index: 0, id: "a" }),
      piece(weather('ty":"A"}'), { index: 0, id: "a" }),
      chunk({}, "tool_calls"),
    ),
    ' weather{"city":"A"} tool-calls ?/?',
  ],
  [
    "the function call of older servers, in pieces",
    chat(
      chunk({ function_call: { name: "weather", arguments: "" } }),
      chunk({ function_call: { arguments: toA } }),
      chunk({}, "function_call"),
    ),
    ' weather{"city":"A"} tool-calls ?/?',
  ],
  [
    "the function call of older servers, as a whole",
    message({ content: null, function_call: weather(toA) }, "function_call"),
    ' weather{"city":"A"} tool-calls 7/9',
  ],
  [
    "calls of a whole answer without ids",
    message({ content: "", tool_calls: [{ function: weather(toA) }, { function: weather(toB) }] }),
    ' weather{"city":"A"} weather{"city":"B"} tool-calls 7/9',
  ],
  [
    "ollama/ollama#4357: a reason of nothing in every chunk",
    chat(chunk({ content: "a" }, ""), chunk({ content: "b" }, ""), chunk({ content: "" }, "stop")),
    "ab stop ?/?",
  ],
  [
    "vllm-project/vllm#36944: content in the last chunk",
    chat(chunk({ content: "a" }), chunk({ content: "b" }, "length", { usage })),
    "ab length 7/9",
  ],
  ["reasons in capitals", chat(chunk({ content: "a" }, "MAX_TOKENS")), "a length ?/?"],
  ["a stop in capitals", chat(chunk({ content: "a" }, "STOP")), "a stop ?/?"],
  [
    "can1357/oh-my-pi#2996: no content beside reasoning",
    chat(
      chunk({ content: null, reasoning_content: "x" }),
      chunk({ content: null, reasoning_content: "y" }),
      chunk({ content: "2", reasoning_content: null }, "stop", { usage }),
    ),
    "(xy)2 stop 7/9",
    ["stream"],
  ],
  [
    "vercel/ai#20546: no calls beside reasoning",
    chat(
      chunk({ role: "assistant", content: "", reasoning_content: "The", tool_calls: [] }),
      chunk({ content: "", reasoning_content: " user", tool_calls: [] }),
      chunk({ content: "Hi", reasoning_content: "", tool_calls: [] }, "stop"),
    ),
    "(The user)Hi stop ?/?",
    ["stream"],
  ],
  [
    "BerriAI/litellm#8193: reasoning by another name, or by both",
    chat(
      chunk({ content: null, reasoning: "x" }),
      chunk({ reasoning: "y", reasoning_content: "y" }),
      chunk({ content: "2" }, "stop"),
    ),
    "(xy)2 stop ?/?",
    ["stream"],
  ],
  [
    "reasoning among the parts of a content",
    message({
      content: [
        { type: "thinking", thinking: [{ type: "text", text: "x" }] },
        { type: "text", text: "b" },
      ],
    }),
    "(x)b stop 7/9",
  ],
  [
    "usage of Groq, beside the answer",
    chat(chunk({ content: "a" }), chunk({}, "stop", { x_groq: { usage } })),
    "a stop 7/9",
  ],
  [
    "usage of Moonshot, in the choice",
    chat(chunk({ content: "a" }), { id: "x", choices: [{ index: 0, delta: {}, finish_reason: "stop", usage }] }),
    "a stop 7/9",
  ],
  [
    "usage beside choices of null",
    chat(chunk({ content: "a" }, "stop"), { id: "x", choices: null, usage }),
    "a stop 7/9",
  ],
  [
    "DeepSeek's own counts of its cache",
    chat(chunk({ content: "a" }, "stop", { usage: { ...usage, prompt_cache_hit_tokens: 5 } })),
    "a stop 7(5)/9",
  ],
  [
    "a usage with details of null",
    chat(chunk({ content: "a" }, "stop", { usage: { ...usage, prompt_tokens_details: null } })),
    "a stop 7/9",
  ],
  [
    "a usage below zero",
    chat(chunk({ content: "a" }, "stop", { usage: { ...usage, prompt_tokens: -1 } })),
    "a stop ?/9",
  ],
  [
    "fox1245/NeoGraph#124: an error of one word, and [DONE]",
    written(`${line({ error: "STREAM_EXPLODED" })}data: [DONE]\n\n`),
    "InternalProvider transient",
  ],
  ["lemonade-sdk/lemonade#2826: nothing but [DONE]", written("data: [DONE]\n\n"), "InternalProvider transient"],
  [
    "lemonade-sdk/lemonade#2826: an error without a frame",
    written(JSON.stringify({ error: { message: "model failed to load", type: "server_error" } })),
    "InternalProvider transient",
  ],
  [
    "errors that are none",
    chat(...[null, {}, "", false].map((error) => chunk({ content: "a" }, null, { error })), chunk({}, "stop")),
    "aaaa stop ?/?",
  ],
  [
    "an error after the end",
    chat(chunk({ content: "a" }, "stop", { usage }), { error: { message: "late" } }),
    "a stop 7/9",
    ["stream"],
  ],
  [
    "cline/cline#9633: the error of a choice",
    chat(chunk({ content: "a" }), {
      id: "x",
      choices: [
        {
          index: 0,
          delta: {},
          finish_reason: "error",
          error: {
            code: 400,
            message: "This endpoint's maximum context length is 262144 tokens. However, you requested 284283.",
          },
        },
      ],
    }),
    "ContextWindow fatal",
  ],
  ["a login page", written("<html><body>Login</body></html>", "text/html"), "InvalidResponse transient"],
  [
    "FastAPI's refusal with status 200",
    written('{"detail":"Unauthorized"}', "application/json"),
    "Authentication fatal",
  ],
  [
    "a gateway's refusal with status 200",
    written('{"success":false,"code":401,"msg":"token invalid"}', "application/json"),
    "Authentication fatal",
  ],
])
