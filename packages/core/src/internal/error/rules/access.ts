import { type ErrorRule } from "../../../provider/ErrorRule.ts"
import { error, openaiErrors } from "./sources.ts"

/** Keys, rights, regions, names of models. */
export const access: ReadonlyArray<ErrorRule> = [
  {
    id: "common/region",
    reason: "region",
    when: [
      { name: ["unsupported_country_region_territory"] },
      {
        message:
          /(?:country|region|territory|location) (?:is )?not supported|not available in your (?:country|region)/i,
      },
    ],
    source: "home-assistant/core#120072",
    cases: [
      {
        status: 403,
        body: error("Country, region, or territory not supported", {
          code: "unsupported_country_region_territory",
          type: "request_forbidden",
        }),
      },
      { status: 400, body: error("User location is not supported for the API use.") },
    ],
  },
  {
    id: "common/key-names",
    reason: "invalidKey",
    when: [
      {
        name: [
          "authentication_error",
          "invalid_api_key",
          "invalid_authentication_error",
          "UNAUTHENTICATED",
          "API_KEY_INVALID",
          "API_KEY_EXPIRED",
          "account_deactivated",
          "token_expired",
        ],
      },
    ],
    source: openaiErrors,
    cases: [
      { status: 401, body: error("Incorrect API key provided", { code: "invalid_api_key" }) },
      { status: 401, body: error("invalid x-api-key", { type: "authentication_error" }) },
    ],
  },
  {
    id: "common/key-words",
    reason: "invalidKey",
    when: [
      {
        status: [undefined, 400, 401, 403],
        message:
          /(?:incorrect|invalid|wrong|missing|expired|revoked|no) (?:api|access)[ -]?key|api[ -]?key (?:is )?(?:not valid|invalid|incorrect|expired|missing|disabled|not found)|invalid (?:authentication|credentials|token)|no auth credentials|user not found|^(?:unauthorized|not authenticated)\b/i,
      },
    ],
    source: "Lykhoyda/ask-llm#279",
    cases: [
      { status: 400, body: error("Incorrect API key provided: xa***ab. You can obtain an API key from the console.") },
      { status: 400, body: error("API key not valid. Please pass a valid API key.") },
      { status: 403, body: error("API key is disabled") },
      { status: 401, body: error("No auth credentials found") },
      { status: 400, body: error("Unauthorized") },
    ],
  },
  {
    id: "common/permission-names",
    reason: "permission",
    when: [
      {
        name: [
          "permission_error",
          "permission_denied",
          "PERMISSION_DENIED",
          "access_terminated_error",
          "access_denied",
        ],
      },
    ],
    source: "clacky-ai/openclacky#192",
    cases: [
      {
        status: 403,
        body: error("Your API key does not have permission to use the specified resource.", {
          type: "permission_error",
        }),
      },
      { status: 403, body: error("Access terminated.", { type: "access_terminated_error" }) },
    ],
  },
  {
    id: "common/model-not-found",
    reason: "modelNotFound",
    when: [
      {
        name: ["model_not_found", "model_not_available", "invalid_model", "DeploymentNotFound", "deployment_not_found"],
      },
      {
        status: [undefined, 400, 403, 404, 422],
        message:
          /(?:the |no )?(?:model|deployment)\b.{0,120}\b(?:does not exist|not found|not exist|is not supported|was not found|is not available)|not a valid model|no such model|unknown model|no endpoints found|API deployment for this resource does not exist/i,
      },
    ],
    source: openaiErrors,
    cases: [
      {
        status: 404,
        body: error("The model `gpt-9` does not exist or you do not have access to it.", { code: "model_not_found" }),
      },
      { status: 404, body: error('model "llama9" not found, try pulling it first') },
      { status: 400, body: error("gpt-9 is not a valid model ID") },
      {
        status: 404,
        body: error("The API deployment for this resource does not exist.", { code: "DeploymentNotFound" }),
      },
      { status: 404, body: error("models/gemini-9 is not found for API version v1beta; model not found") },
    ],
  },
]
