import { type ErrorRule } from "../../../provider/ErrorRule.ts"
import { anthropicErrors, error, openaiErrors } from "./sources.ts"

/** Too many requests, or too much to do. */
export const load: ReadonlyArray<ErrorRule> = [
  {
    id: "common/overload-names",
    reason: "overloaded",
    when: [
      {
        name: [
          "overloaded_error",
          "engine_overloaded",
          "engine_overloaded_error",
          "server_overloaded",
          "server_is_overloaded",
          "service_overloaded",
          "service_tier_capacity_exceeded",
          "capacity_exceeded",
          "MODEL_CAPACITY_EXHAUSTED",
        ],
      },
    ],
    source: anthropicErrors,
    cases: [
      { status: 529, body: error("Overloaded", { type: "overloaded_error" }) },
      { status: 503, body: error("Our servers are currently overloaded.", { code: "server_is_overloaded" }) },
      {
        status: 429,
        body: error("The engine is currently overloaded, please try again later", { type: "engine_overloaded_error" }),
      },
    ],
  },
  {
    id: "common/overload-words",
    reason: "overloaded",
    when: [
      {
        status: [undefined, 429, 503, 529],
        message:
          /\boverloaded\b|no (?:available )?capacity|at capacity|capacity exceeded|server (?:is )?busy|maximum pending requests exceeded|(?:high|heavy) (?:demand|load|traffic)|访问量过大/i,
      },
    ],
    source: "openai/codex#19446",
    cases: [
      { status: 503, body: error("The model is overloaded. Please try again later.") },
      { status: 503, body: error("No capacity available for model gemini-3-pro-high on the server") },
      { status: 503, body: error("server busy, please try again.  maximum pending requests exceeded") },
      { status: 429, body: error("Service tier capacity exceeded for this model.", { type: "invalid_request_error" }) },
      { body: error("Selected model is at capacity. Please try a different model.") },
    ],
  },
  {
    id: "common/loading",
    reason: "overloaded",
    when: [
      {
        message: /\bis (?:currently |still )?loading\b|loading model|(?:is|are) (?:being )?warming up|model not ready/i,
      },
    ],
    source: "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
    cases: [
      { status: 503, body: error("Loading model", { type: "unavailable_error", code: 503 }) },
      { status: 503, body: error("Model bigcode/starcoder is currently loading") },
      { status: 500, body: error("model is loading, please wait") },
    ],
  },
  {
    id: "common/rate-limit-names",
    reason: "rateLimit",
    when: [
      {
        name: [
          "rate_limit_error",
          "rate_limit_exceeded",
          "rate_limit_reached_error",
          "rate_limited",
          "too_many_requests",
          "RESOURCE_EXHAUSTED",
          "slow_down",
        ],
        status: [undefined, 429, 503],
      },
    ],
    source: openaiErrors,
    cases: [
      {
        status: 429,
        body: error("Rate limit reached for gpt-5 on tokens per min. Please try again in 1.898s.", {
          code: "rate_limit_exceeded",
        }),
        retryAfter: 1898,
      },
      { status: 503, body: error("Slow down", { type: "slow_down" }) },
      { body: error("Number of requests has exceeded your rate limit", { type: "rate_limit_error" }) },
    ],
  },
  {
    id: "common/rate-limit-words",
    reason: "rateLimit",
    when: [
      {
        status: [undefined, 403, 429, 503],
        message: /rate.?limit|too many (?:requests|tokens)|max RPM|requests? per (?:second|minute)|concurrency/i,
      },
    ],
    source: "MoonshotAI/Kimi-K2#34",
    cases: [
      {
        status: 429,
        body: error("request reached organization max RPM: 3, please try again after 1 seconds"),
        retryAfter: 1000,
      },
      { status: 429, body: error("Too many requests. Please try again in 5 minutes."), retryAfter: 300_000 },
      {
        status: 403,
        body: error("You have exceeded a secondary rate limit. Please wait 60 seconds before you try again."),
        retryAfter: 60_000,
      },
    ],
  },
]
