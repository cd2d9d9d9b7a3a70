/** Servers that people run themselves. */
import { type ErrorRule } from "@holdfast/core/provider/ErrorRule"

export const localRules: ReadonlyArray<ErrorRule> = [
  {
    id: "llama.cpp/context-size",
    reason: "contextWindow",
    when: [{ name: ["exceed_context_size_error"] }, { message: /exceeds? the available context size/i }],
    source: "ggml-org/llama.cpp#15780",
    cases: [
      {
        status: 500,
        body: {
          error: {
            code: 500,
            message:
              "the request exceeds the available context size. try increasing the context size or enable context shift",
            type: "exceed_context_size_error",
            n_prompt_tokens: 1407,
            n_ctx: 256,
          },
        },
      },
      {
        status: 400,
        body: {
          error: {
            code: 400,
            message: "request (16717 tokens) exceeds the available context size (16384 tokens), try increasing it",
            type: "exceed_context_size_error",
          },
        },
      },
      {
        status: 500,
        body: { error: { code: 500, message: "the request exceeds the available context size", type: "server_error" } },
      },
    ],
  },
  {
    id: "llama.cpp/python-context-window",
    reason: "contextWindow",
    when: [{ message: /requested tokens \(\d+\) exceed context window of \d+/i }],
    source: "fedora-copr/logdetective-website#193",
    cases: [
      {
        status: 500,
        body: {
          error: { message: "Requested tokens (2285) exceed context window of 2048", type: "internal_server_error" },
        },
      },
    ],
  },
  {
    id: "llama.cpp/loading",
    reason: "overloaded",
    when: [{ name: ["unavailable_error"], message: /loading model/i }],
    source: "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
    cases: [{ status: 503, body: { error: { code: 503, message: "Loading model", type: "unavailable_error" } } }],
  },
  {
    id: "lm-studio/context-length",
    reason: "contextWindow",
    when: [
      { message: /trying to keep the first \d+ tokens when context/i },
      { message: /n_keep: ?\d+ ?>= ?n_ctx: ?\d+/i },
      { message: /^context size has been exceeded/i },
    ],
    source: "lmstudio-ai/lmstudio-bug-tracker#546",
    cases: [
      {
        status: 400,
        body: {
          error:
            "Trying to keep the first 111490 tokens when context the overflows. However, the model is loaded with context length of only 32768 tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input",
        },
      },
      {
        status: 400,
        body: {
          error:
            "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 13055>= n_ctx: 4096). Try to load the model with a larger context length, or provide a shorter input.",
        },
      },
      { body: { error: { message: "Context size has been exceeded." } } },
    ],
  },
  {
    id: "lm-studio/no-model",
    reason: "modelNotFound",
    when: [{ message: /^no models? loaded/i }, { message: /^model is unloaded/i }],
    source: "lmstudio-ai/lmstudio-bug-tracker#1492",
    cases: [
      {
        status: 404,
        body: {
          error: {
            message: "No models loaded. Please load a model in the developer page or use the `lms load` command.",
            type: "invalid_request_error",
            param: "model",
            code: "model_not_found",
          },
        },
      },
      { status: 400, body: { error: "Model is unloaded." } },
    ],
  },
  {
    id: "ollama/not-pulled",
    reason: "modelNotFound",
    when: [{ message: /try pulling it first/i }],
    source: "https://docs.ollama.com/api/errors",
    cases: [
      {
        status: 404,
        body: { error: { message: 'model "llama9" not found, try pulling it first', type: "api_error", code: null } },
      },
      { status: 404, body: { error: "model 'llama9' not found, try pulling it first" } },
    ],
  },
  {
    id: "ollama/queue-full",
    reason: "overloaded",
    when: [{ message: /maximum pending requests exceeded/i }],
    source: "ollama/ollama#4159",
    cases: [
      {
        status: 503,
        body: {
          error: { message: "server busy, please try again.  maximum pending requests exceeded", type: "api_error" },
        },
      },
    ],
  },
  {
    id: "ollama/memory",
    reason: "unusableModel",
    when: [{ message: /model requires more system memory/i }],
    source: "ollama/ollama#10920",
    cases: [
      {
        status: 500,
        body: {
          error: {
            message: "model requires more system memory (5.0 GiB) than is available (3.9 GiB)",
            type: "api_error",
          },
        },
      },
    ],
  },
  {
    id: "ollama/prompt-too-long",
    reason: "contextWindow",
    when: [
      { message: /prompt too long; exceeded max context length/i },
      { message: /input length exceeds (?:the )?(?:maximum )?context length/i },
    ],
    source: "https://docs.ollama.com/context-length",
    cases: [
      {
        status: 400,
        body: {
          error: {
            message: "prompt too long; exceeded max context length by 122 tokens",
            type: "invalid_request_error",
          },
        },
      },
      { status: 500, body: { error: "input length exceeds maximum context length" } },
    ],
  },
  {
    id: "vllm/context-length",
    reason: "contextWindow",
    when: [
      { name: ["BadRequestError"], message: /maximum (?:context|model) length/i },
      { message: /longer than the maximum model length/i },
    ],
    source: "vllm-project/vllm#20409",
    cases: [
      {
        status: 400,
        body: {
          object: "error",
          message:
            "This model's maximum context length is 16384 tokens. However, you requested 19591 tokens (9591 in the messages, 10000 in the completion). Please reduce the length of the messages or completion. None",
          type: "BadRequestError",
          param: null,
          code: 400,
        },
      },
      {
        status: 400,
        body: {
          error: {
            message: "The decoder prompt (length 40970) is longer than the maximum model length of 40960.",
            type: "BadRequestError",
            param: null,
            code: 400,
          },
        },
      },
    ],
  },
  {
    id: "vllm/no-model",
    reason: "modelNotFound",
    when: [{ name: ["NotFoundError"] }],
    source: "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
    cases: [
      {
        status: 404,
        body: {
          error: { message: "The model `llama9` does not exist.", type: "NotFoundError", param: "model", code: 404 },
        },
      },
    ],
  },
  {
    id: "sglang/context-length",
    reason: "contextWindow",
    when: [
      { message: /input \(\d+ tokens\) is longer than the model's context length/i },
      { message: /input length \(\d+ tokens\) exceeds the maximum allowed length/i },
      { message: /requested token count exceeds the model's maximum context length/i },
    ],
    source: "QwenLM/Qwen3#1321",
    cases: [
      {
        status: 400,
        body: {
          object: "error",
          message: "The input (61709 tokens) is longer than the model's context length (40960 tokens).",
          type: "BadRequestError",
          param: null,
          code: 400,
        },
      },
      {
        status: 400,
        body: {
          object: "error",
          message:
            "Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens). Use a shorter input or enable --allow-auto-truncate.",
          type: "BadRequestError",
          param: null,
          code: 400,
        },
      },
    ],
  },
  {
    id: "sglang/queue-full",
    reason: "overloaded",
    when: [{ message: /request queue is full|too many (?:queued|waiting) requests/i }],
    source: "https://docs.sglang.ai/advanced_features/server_arguments.html",
    cases: [
      {
        status: 503,
        body: {
          object: "error",
          message: "The request queue is full.",
          type: "ServiceUnavailableError",
          param: null,
          code: 503,
        },
      },
    ],
  },
  {
    id: "tgi/context-length",
    reason: "contextWindow",
    when: [
      { message: /`?inputs`? tokens \+ `?max_new_tokens`? must be <=/i },
      { message: /`?inputs`? must have less than \d+ tokens/i },
    ],
    source: "huggingface/chat-ui#1149",
    cases: [
      {
        status: 422,
        body: {
          error:
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 6204 `inputs` tokens and 2047 `max_new_tokens`",
          error_type: "validation",
        },
      },
    ],
  },
  {
    id: "tgi/overloaded",
    reason: "overloaded",
    when: [{ message: /^model is overloaded/i }],
    source: "https://huggingface.co/docs/text-generation-inference/reference/api_reference",
    cases: [
      { status: 429, body: { error: "Model is overloaded", error_type: "overloaded" } },
      { status: 503, body: { error: "Model is overloaded, please wait for a bit" } },
    ],
  },
]
