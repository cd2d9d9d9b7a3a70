/**
 * What is known of servers that speak Chat Completions, as data.
 */
import { groqApi, mistralApi, openRouterApi } from "../batch/api.ts"
import { preset } from "./preset.ts"

// What DeepSeek and Ollama would leave out in silence, and Mistral refuses.
const onlyOpenAi = "only OpenAI has it; leave it out, or send it in extra"
const ofOpenAi = {
  verbosity: onlyOpenAi,
  serviceTier: onlyOpenAi,
  promptCacheOptions: onlyOpenAi,
  safetyIdentifier: onlyOpenAi,
  metadata: onlyOpenAi,
  store: onlyOpenAi,
}

/**
 * DeepSeek. It has JSON answers, but cannot hold them to a schema, so the schema goes into the prompt.
 *
 * @since 0.1.0
 * @category presets
 */
export const deepseek = preset({
  provider: "deepseek",
  apiUrl: "https://api.deepseek.com/v1",
  apiKeyName: "DEEPSEEK_API_KEY",
  takesJsonSchema: false,
  // https://api-docs.deepseek.com/guides/thinking_mode: without it a 400, "must be passed back to the API".
  reasoningField: "reasoning_content",
  requiresReasoning: true,
  unsupported: ofOpenAi,
})

/**
 * OpenRouter. The price of an answer is in `metadata.openrouter.usage.cost` of its `finish` part.
 *
 * **Details**
 *
 * `options: { openrouter: { extra: { cache_control: { type: "ephemeral" } } } }` on a part marks it for caching.
 *
 * @since 0.1.0
 * @category presets
 */
export const openrouter = preset({
  provider: "openrouter",
  apiUrl: "https://openrouter.ai/api/v1",
  apiKeyName: "OPENROUTER_API_KEY",
  nestsReasoning: true,
  batch: openRouterApi,
})

/**
 * Groq. It also writes down what is said, and speaks. A sound of less than 10 seconds is billed as one of 10.
 *
 * Sources: https://console.groq.com/docs/speech-to-text for the endpoint, the form and the shortest time; that its speech is WAV is what users
 * of https://console.groq.com/docs/text-to-speech write.
 *
 * @since 0.1.0
 * @category presets
 */
export const groq = preset({
  provider: "groq",
  apiUrl: "https://api.groq.com/openai/v1",
  apiKeyName: "GROQ_API_KEY",
  batch: groqApi,
  media: {
    speech: { responseFormat: "wav" },
    transcription: { responseFormat: "verbose_json", leastSeconds: 10 },
  },
  maxTokensField: "max_completion_tokens",
})

/**
 * Mistral. Ids of tool calls in the prompt that are not of its form are replaced.
 *
 * **Details**
 *
 * It takes only some orders of roles. So all system messages go to the beginning, and where the user speaks right after
 * the results of calls, "OK." stands between as the model's.
 *
 * @since 0.1.0
 * @category presets
 */
export const mistral = preset({
  provider: "mistral_ai",
  apiUrl: "https://api.mistral.ai/v1",
  apiKeyName: "MISTRAL_API_KEY",
  batch: mistralApi,
  seedField: "random_seed",
  // Usage comes with the last chunk, and unknown fields are refused.
  asksForStreamUsage: false,
  takesStrictTools: true,
  shortToolCallIds: true,
  strictRoles: true,
  unsupported: ofOpenAi,
})

/**
 * xAI. It also draws. Its reasoning tokens are billed on top of `completion_tokens`, and are added to the output here.
 *
 * @since 0.1.0
 * @category presets
 */
export const xai = preset({
  provider: "x_ai",
  apiUrl: "https://api.x.ai/v1",
  apiKeyName: "XAI_API_KEY",
  maxTokensField: "max_completion_tokens",
  reasoningOutsideCompletion: true,
  // https://docs.x.ai/developers/model-capabilities/images/generation: addresses unless it is told otherwise.
  media: {
    images: {
      responseFormat: "b64_json",
      mediaType: "image/jpeg",
      takesImages: false,
      unsupported: {
        size: 'xAI has none; say extra: { aspect_ratio: "16:9" }',
        quality: "xAI has none; another model has another quality",
        background: "xAI has none; leave it out",
        outputFormat: "xAI has none; leave it out",
        outputCompression: "xAI has none; leave it out",
        moderation: "xAI has none; leave it out",
        safetyIdentifier: onlyOpenAi,
      },
    },
  },
})

/**
 * Ollama on this machine.
 *
 * **Details**
 *
 * It leaves out what it does not know, and does not hold to `tool_choice`. So the settings that it leaves out are refused,
 * as is a tool choice that forces a call. For the choice of none no tools are sent.
 *
 * @since 0.1.0
 * @category presets
 */
export const ollama = preset({
  provider: "ollama",
  apiUrl: "http://localhost:11434/v1",
  apiKeyName: undefined,
  takesToolChoice: false,
  // https://docs.ollama.com/api/openai-compatibility names the fields that it reads.
  unsupported: { ...ofOpenAi, promptCacheKey: onlyOpenAi, parallelToolCalls: "Ollama cannot be told; leave it out" },
})

/**
 * A vLLM server on this machine. One with a model for it also writes down what is said, and tells the seconds as OpenAI does.
 *
 * @since 0.1.0
 * @category presets
 */
export const vllm = preset({
  provider: "vllm",
  apiUrl: "http://localhost:8000/v1",
  apiKeyName: undefined,
})

/**
 * Moonshot, whose models are called Kimi.
 *
 * **Details**
 *
 * The reasoning of turns with tool calls goes back. Schemas go into the prompt. Models before Kimi K3 refuse a forced tool while they think, and
 * models called `kimi-` any sampling parameter: they answer with status 400.
 *
 * Sources: https://platform.moonshot.cn/docs/guide/migrating-from-openai-to-kimi and
 * https://java.agentscope.io/v2/en/integration/model/kimi for the fields; recorded answers of `kimi-k3` for what comes back.
 *
 * @since 0.1.0
 * @category presets
 */
export const moonshot = preset({
  provider: "moonshotai",
  apiUrl: "https://api.moonshot.ai/v1",
  apiKeyName: "MOONSHOT_API_KEY",
  maxTokensField: "max_completion_tokens",
  takesJsonSchema: false,
  reasoningField: "reasoning_content",
  unsupported: ofOpenAi,
})

/**
 * Z.AI, whose models are called GLM. It hears of no other choice of tools than its own, so a forced call is refused.
 *
 * **Details**
 *
 * `extra: { thinking: { type: "disabled" } }` switches thinking off.
 *
 * Source: https://docs.z.ai/api-reference/llm/chat-completion, which names `auto` as the only choice of tools, `json_object` as the only form of
 * JSON, and `reasoning_content`.
 *
 * @since 0.1.0
 * @category presets
 */
export const zai = preset({
  provider: "z_ai",
  apiUrl: "https://api.z.ai/api/paas/v4",
  apiKeyName: "ZAI_API_KEY",
  takesJsonSchema: false,
  takesToolChoice: false,
  reasoningField: "reasoning_content",
  unsupported: { ...ofOpenAi, parallelToolCalls: "Z.AI cannot be told; leave it out" },
})

/**
 * Alibaba Cloud Model Studio, whose models are called Qwen, outside of China.
 *
 * **Details**
 *
 * It knows no `tool_choice` that forces any call: a single tool is named instead, and with several a forced call is refused.
 * `extra: { enable_thinking: true }` switches thinking on where a model can do both.
 *
 * Sources: https://www.alibabacloud.com/help/en/model-studio/deep-thinking and
 * https://www.alibabacloud.com/help/en/model-studio/qwen-api-via-openai-chat-completions for the fields; recorded answers of `qwen3-max` for
 * what comes back.
 *
 * @since 0.1.0
 * @category presets
 */
export const alibaba = preset({
  provider: "alibaba",
  apiUrl: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
  apiKeyName: "DASHSCOPE_API_KEY",
  takesRequiredTool: false,
  reasoningField: "reasoning_content",
  unsupported: ofOpenAi,
})

/**
 * Together. It also draws.
 *
 * Source: https://docs.together.ai/docs/openai-api-compatibility and https://docs.together.ai/docs/inference/responses-api for the address.
 *
 * @since 0.1.0
 * @category presets
 */
export const together = preset({
  provider: "together",
  apiUrl: "https://api.together.ai/v1",
  apiKeyName: "TOGETHER_API_KEY",
  reasoningField: "reasoning",
  // https://docs.together.ai/reference/post-images-generations: addresses unless it is told otherwise.
  media: {
    images: {
      responseFormat: "base64",
      mediaType: "image/jpeg",
      takesImages: false,
      unsupported: {
        size: "Together takes extra: { width: 1024, height: 768 }",
        quality: "Together has none; say extra: { steps: 28 }",
        background: "Together has none; leave it out",
        outputCompression: "Together has none; leave it out",
        moderation: "Together has none; leave it out",
        safetyIdentifier: onlyOpenAi,
      },
    },
  },
  unsupported: ofOpenAi,
})

/**
 * Fireworks. Its models have long names, such as `accounts/fireworks/models/deepseek-v3p1`.
 *
 * Sources: https://docs.fireworks.ai/guides/querying-text-models, and https://docs.fireworks.ai/guides/reasoning for `reasoning_content`.
 *
 * @since 0.1.0
 * @category presets
 */
export const fireworks = preset({
  provider: "fireworks",
  apiUrl: "https://api.fireworks.ai/inference/v1",
  apiKeyName: "FIREWORKS_API_KEY",
  reasoningField: "reasoning_content",
  unsupported: ofOpenAi,
})

/**
 * Cerebras. It answers with status 400 to penalties, tiers and keys of caches, so they are refused before.
 *
 * Sources: https://inference-docs.cerebras.ai/resources/openai; the list of refused fields is also in
 * https://hexdocs.pm/req_llm/ReqLLM.Providers.Cerebras.html and https://docs.getbifrost.ai/providers/supported-providers/cerebras.
 *
 * @since 0.1.0
 * @category presets
 */
export const cerebras = preset({
  provider: "cerebras",
  apiUrl: "https://api.cerebras.ai/v1",
  apiKeyName: "CEREBRAS_API_KEY",
  maxTokensField: "max_completion_tokens",
  takesStrictTools: true,
  reasoningField: "reasoning",
  unsupported: {
    ...ofOpenAi,
    promptCacheKey: onlyOpenAi,
    frequencyPenalty: "Cerebras refuses it; leave it out",
    presencePenalty: "Cerebras refuses it; leave it out",
  },
})

/**
 * Perplexity, whose models search the web. They have no tools.
 *
 * **Details**
 *
 * What it leaves out in silence is refused. Usage comes without being asked for.
 *
 * **Gotchas**
 *
 * In 2026 Perplexity moved to an API in the form of OpenAI's Responses, which `OpenAiClient` reaches with
 * `apiUrl: "https://api.perplexity.ai/v1"`. This preset is for its Chat Completions, and for servers that still speak them.
 *
 * Sources: https://docs.perplexity.ai/guides/chat-completions-guide for the fields,
 * https://docs.getbifrost.ai/providers/supported-providers/perplexity for what it leaves out, and
 * https://docs.stigg.io/documentation/ai-agents/llm-wrappers/providers/perplexity for the end of Chat Completions.
 *
 * @since 0.1.0
 * @category presets
 */
export const perplexity = preset({
  provider: "perplexity",
  apiUrl: "https://api.perplexity.ai",
  apiKeyName: "PERPLEXITY_API_KEY",
  asksForStreamUsage: false,
  takesTools: false,
  unsupported: {
    ...ofOpenAi,
    promptCacheKey: onlyOpenAi,
    parallelToolCalls: "Perplexity has no tools; leave it out",
    seed: "Perplexity leaves it out in silence; leave it out",
    stop: "Perplexity leaves it out in silence; leave it out",
  },
})

/**
 * LM Studio on this machine. A tool that is named is sent alone, and any call is required then: LM Studio takes no names.
 *
 * Sources: https://lmstudio.ai/docs/developer/openai-compat and https://lmstudio.ai/docs/advanced/structured-output; that a choice of tools must be
 * a word is what it answers with status 400 (`Invalid tool_choice type: 'object'`).
 *
 * @since 0.1.0
 * @category presets
 */
export const lmStudio = preset({
  provider: "lm_studio",
  apiUrl: "http://localhost:1234/v1",
  apiKeyName: undefined,
  namesTools: false,
  unsupported: ofOpenAi,
})

/**
 * The server of llama.cpp on this machine. A tool that is named is sent alone, and any call is required then: it takes no names. For tools it must
 * be started with `--jinja`.
 *
 * Source: https://github.com/ggml-org/llama.cpp/tree/master/tools/server and `common_chat_tool_choice_parse_oaicompat` in its `common/chat.cpp`.
 *
 * @since 0.1.0
 * @category presets
 */
export const llamaCpp = preset({
  provider: "llama_cpp",
  apiUrl: "http://localhost:8080/v1",
  apiKeyName: undefined,
  namesTools: false,
  reasoningField: "reasoning_content",
  unsupported: ofOpenAi,
})

/**
 * An SGLang server on this machine. Reasoning comes apart from the answer if it was started with a `--reasoning-parser`.
 *
 * Sources: https://docs.sglang.io/docs/basic_usage/openai_api_completions and https://docs.sglang.io/docs/advanced_features/separate_reasoning.
 *
 * @since 0.1.0
 * @category presets
 */
export const sglang = preset({
  provider: "sglang",
  apiUrl: "http://localhost:30000/v1",
  apiKeyName: undefined,
  reasoningField: "reasoning_content",
  unsupported: ofOpenAi,
})
