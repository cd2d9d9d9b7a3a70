import { shortId } from "./shortId.ts"

/** An id of a call that is no longer than OpenAI takes: the same for the same id. Those of OpenAI itself stay. */
export const callId = (id: string, longest: number): string => (id.length > longest ? `call_${shortId(id)}` : id)
