import { type ModelRequest } from "../../ModelCall.ts"

/** About how long a prompt is, in characters of text. Media count as nothing. */
export const promptSize = ({ options }: ModelRequest): number => {
  let size = 0
  for (const { content } of options.prompt.content) {
    if (typeof content === "string") size += content.length
    else for (const part of content) if ("text" in part) size += part.text.length
  }
  return size
}
