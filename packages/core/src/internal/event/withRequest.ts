import { type ModelRequest } from "../call/types.ts"

export type Fields<Event> = Omit<Event, "request">

/**
 * Adds the request to the fields of an event, hidden from `JSON.stringify`, `inspect`, spreads and whatever else walks over it, and
 * with it the prompt.
 */
export const withRequest = <Event extends object>(
  request: ModelRequest,
  fields: Event,
): Event & { readonly request: ModelRequest } =>
  Object.defineProperty(fields, "request", { value: request }) as Event & { readonly request: ModelRequest }
