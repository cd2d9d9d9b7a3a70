import { isJson, type Json } from "../dialect.ts"
import { firstOf, hasHalfPair, objectsIn, type Rule, textIn } from "./rule.ts"

const contentsIn = (body: Json): ReadonlyArray<Json> => objectsIn(body, "contents")
const partsOf = (content: Json | undefined): ReadonlyArray<Json> =>
  content === undefined ? [] : objectsIn(content, "parts")
const callsIn = (content: Json | undefined): ReadonlyArray<Json> =>
  partsOf(content).filter(({ functionCall }) => isJson(functionCall))
const responsesIn = (content: Json | undefined): ReadonlyArray<Json> =>
  partsOf(content).filter(({ functionResponse }) => isJson(functionResponse))
const nameOf = ({ functionCall }: Json): string => (isJson(functionCall) ? textIn(functionCall, "name") : "")

const request = (...contents: ReadonlyArray<Json>): Json => ({ contents })
const user = (...parts: ReadonlyArray<Json>): Json => ({ role: "user", parts })
const model = (...parts: ReadonlyArray<Json>): Json => ({ role: "model", parts })
const said = (text: string): Json => ({ text })
const call = (name = "f"): Json => ({
  functionCall: { name, args: {} },
  thoughtSignature: "skip_thought_signature_validator",
})
const response = (name = "f"): Json => ({ functionResponse: { name, response: { output: "r" } } })

/** Which kind of turn a content is. */
const kindOf = (content: Json): string =>
  responsesIn(content).length > 0 ? "function response" : content["role"] === "user" ? "user" : "model"

const after: Rule = {
  name: "A function call turn comes right after a user turn or a function response turn",
  source: "https://github.com/google-gemini/gemini-cli/issues/26486",
  breaks: request(model(call()), user(response())),
  complaint: (body) =>
    firstOf(
      contentsIn(body).map((content, at, all) =>
        callsIn(content).length > 0 && (at === 0 || kindOf(all[at - 1] ?? {}) === "model")
          ? "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
          : undefined,
      ),
    ),
}

const answers: Rule = {
  name: "A function response turn comes right after a function call turn",
  source: "https://github.com/GoogleCloudPlatform/generative-ai/pull/368",
  breaks: request(user(said("hi")), model(said("ho")), user(response())),
  complaint: (body) =>
    firstOf(
      contentsIn(body).map((content, at, all) =>
        responsesIn(content).length > 0 && callsIn(all[at - 1]).length === 0
          ? "Please ensure that function response turn comes immediately after a function call turn."
          : undefined,
      ),
    ),
}

const counts: Rule = {
  name: "There are as many function responses as function calls",
  source: "https://github.com/google-gemini/gemini-cli/issues/17857",
  breaks: request(user(said("hi")), model(call(), call()), user(response())),
  complaint: (body) =>
    firstOf(
      contentsIn(body).map((content, at, all) => {
        const calls = callsIn(content).length
        return calls > 0 && responsesIn(all[at + 1]).length !== calls
          ? "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn."
          : undefined
      }),
    ),
}

/** Where the turn begins that goes on: after the last content of the user's own. */
const currentTurn = (contents: ReadonlyArray<Json>): number =>
  contents.findLastIndex((content) => kindOf(content) === "user") + 1

const signed: Rule = {
  name: "From 2.5 on the first function call of each step of the turn is signed",
  source: "https://ai.google.dev/gemini-api/docs/thought-signatures",
  models: /^gemini-(?:2\.[5-9]|[3-9]|[a-z-]+-latest)/,
  breaks: {
    ...request(user(said("hi")), model({ functionCall: { name: "f", args: {} } }), user(response())),
    model: "gemini-2.5-pro",
  },
  complaint: (body) => {
    const contents = contentsIn(body)
    const first = currentTurn(contents)
    return firstOf(
      contents.map((content, at) => {
        const [one] = callsIn(content)
        return one === undefined || at < first || textIn(one, "thoughtSignature") !== ""
          ? undefined
          : `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${nameOf(one)}\` , position ${at + 1}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`
      }),
    )
  },
}

const standIns: ReadonlySet<string> = new Set([
  "skip_thought_signature_validator",
  "context_engineering_is_the_way_to_go",
])

const own: Rule = {
  name: "Signatures are Google's own, or a stand-in that it names",
  source: "https://github.com/google-gemini/gemini-cli/issues/13467",
  breaks: request(user(said("hi")), model({ text: "ho", thoughtSignature: "elsewhere" }), user(said("go on"))),
  complaint: (body, { signatures }) =>
    contentsIn(body)
      .flatMap(partsOf)
      .map((part) => textIn(part, "thoughtSignature"))
      .every((signature) => signature === "" || standIns.has(signature) || signatures.has(signature))
      ? undefined
      : { message: "Corrupted thought signature." },
}

const filled: Rule = {
  name: "Contents have parts, and parts have something in them",
  source: "https://github.com/router-for-me/CLIProxyAPI/issues/1292",
  breaks: request(user(said("hi")), model(said("")), user(said("go on"))),
  complaint: (body) =>
    firstOf(
      contentsIn(body).flatMap((content, at) => {
        const where = `* GenerateContentRequest.contents[${at}].parts`
        if (partsOf(content).length === 0) return [`${where}: contents.parts must not be empty.`]
        return partsOf(content).map((part, index) =>
          part["text"] === "" && textIn(part, "thoughtSignature") === ""
            ? `${where}[${index}].data: required oneof field 'data' must have one initialized field`
            : undefined,
        )
      }),
    ),
}

const roles: Rule = {
  name: "The roles are user and model",
  source: "https://ai.google.dev/api/caching#Content",
  breaks: request(user(said("hi")), { role: "assistant", parts: [said("ho")] }, user(said("go on"))),
  complaint: (body) =>
    contentsIn(body).every(({ role }) => role === "user" || role === "model")
      ? undefined
      : { message: "Please use a valid role: user, model." },
}

const alternate: Rule = {
  name: "User and model take turns",
  source: "https://ai.google.dev/gemini-api/docs/text-generation#multi-turn-conversations",
  breaks: request(user(said("hi")), user(said("ho"))),
  complaint: (body) =>
    contentsIn(body).some((content, at, all) => at > 0 && kindOf(all[at - 1] ?? {}) === kindOf(content))
      ? { message: "Please ensure that multiturn requests alternate between user and model." }
      : undefined,
}

const names: Rule = {
  name: "The names of functions begin with a letter or an underscore",
  source: "https://github.com/kaitranntt/ccs/issues/25",
  breaks: request(user(said("hi")), model(call("9 lives")), user(response("9 lives"))),
  complaint: (body) =>
    firstOf(
      contentsIn(body).flatMap((content, at) =>
        callsIn(content).map((one) =>
          /^[a-z_][\w.:-]{0,127}$/i.test(nameOf(one))
            ? undefined
            : `* GenerateContentRequest.contents[${at}].parts.function_call.name: [FIELD_INVALID] Invalid function name. Must start with a letter or an underscore. Must be a-z, A-Z, 0-9, or contain underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.`,
        ),
      ),
    ),
}

const whole: Rule = {
  name: "No text has half a surrogate pair",
  source: "https://github.com/elizaOS/eliza/pull/18079",
  breaks: request(user(said("\ud83d"))),
  complaint: (body) =>
    hasHalfPair(body) ? { message: "Invalid JSON payload received. Invalid unicode escape sequence." } : undefined,
}

/** What Gemini wants of a history. */
export const googleRules: ReadonlyArray<Rule> = [
  whole,
  roles,
  filled,
  names,
  own,
  signed,
  after,
  answers,
  counts,
  alternate,
]
