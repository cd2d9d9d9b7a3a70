import { record } from "@holdfast/core/provider/Json"

/** The name of a function that was called, as OpenAI takes it. Other providers allow dots, colons and more. */
export const functionName = (name: string, longest: number): string => name.replace(/[^\w-]/g, "_").slice(0, longest)

/** The arguments of a call as a text. Servers that put them into a template want an object in it. */
export const functionArguments = (params: unknown): string => {
  if (Array.isArray(params) || record(params) === undefined) {
    return JSON.stringify(params === undefined || params === null ? {} : { value: params })
  }
  return JSON.stringify(params)
}
