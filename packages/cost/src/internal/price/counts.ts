/**
 * Counts that a vendor sent and that are none: texts, fractions, negative numbers, and more than a number can hold.
 *
 * A provider reads them as absent, and what is absent beside a valid total would pass for zero. So the side that they
 * belong to is unknown.
 */

import { count, field, type Json, list, record } from "@holdfast/core/provider/Json"

type Fields = ReadonlyArray<string>

const inputFields: Fields = [
  "prompt_tokens",
  "input_tokens",
  "cached_tokens",
  "prompt_cache_hit_tokens",
  "prompt_cache_miss_tokens",
  "cache_read_input_tokens",
  "cache_creation_input_tokens",
  "promptTokenCount",
  "cachedContentTokenCount",
  "toolUsePromptTokenCount",
]

const inputDetails = ["cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens"]

const outputFields: Fields = ["completion_tokens", "output_tokens", "candidatesTokenCount", "thoughtsTokenCount"]

const outputDetails = ["reasoning_tokens", "thinking_tokens", "audio_tokens", "image_tokens"]

/** By the name of the record that holds them. */
const inputRecords: ReadonlyArray<readonly [record: string, fields: Fields]> = [
  ["prompt_tokens_details", inputDetails],
  ["input_tokens_details", inputDetails],
  ["cache_creation", ["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]],
]

const outputRecords: ReadonlyArray<readonly [record: string, fields: Fields]> = [
  ["completion_tokens_details", outputDetails],
  ["output_tokens_details", outputDetails],
]

const inputLists: Fields = ["promptTokensDetails", "cacheTokensDetails", "toolUsePromptTokensDetails"]

const outputLists: Fields = ["candidatesTokensDetails"]

/** Whether a field holds something that is no count. `null` is how vendors leave out a count. */
export const isMalformed = (value: unknown, key: string): boolean => {
  const found = field(value, key)
  return found !== undefined && found !== null && count(value, key) === undefined
}

export const anyMalformed = (value: unknown, keys: Fields): boolean => keys.some((key) => isMalformed(value, key))

export const inputIsMalformed = (raw: Json | undefined): boolean =>
  raw !== undefined &&
  (anyMalformed(raw, inputFields) ||
    inputRecords.some(([name, keys]) => isNoRecord(raw[name]) || anyMalformed(raw[name], keys)) ||
    anyMalformed(field(raw["input_tokens_details"] ?? raw["prompt_tokens_details"], "cache_write_tokens_details"), [
      "ttl_30m_tokens",
      "ttl_12h_tokens",
    ]) ||
    listsAreMalformed(raw, inputLists))

export const outputIsMalformed = (raw: Json | undefined): boolean =>
  raw !== undefined &&
  (anyMalformed(raw, outputFields) ||
    outputRecords.some(([name, keys]) => isNoRecord(raw[name]) || anyMalformed(raw[name], keys)) ||
    listsAreMalformed(raw, outputLists))

// A text or a number in the place of what is told in detail hides the details.
const isNoRecord = (value: unknown): boolean =>
  value !== undefined && value !== null && (record(value) === undefined || Array.isArray(value))

const listsAreMalformed = (raw: Json, names: Fields): boolean =>
  names.some((name) => isNoList(raw[name]) || list(raw, name).some((each) => isMalformed(each, "tokenCount")))

const isNoList = (value: unknown): boolean => value !== undefined && value !== null && !Array.isArray(value)
