import { type ModelRequest } from "../call/types.ts"

export type Fields<Event> = Omit<Event, "request">

/** Hides the request, and with it the prompt, from `JSON.stringify`, `inspect` and whatever else walks over an event. */
export class WithRequest {
  readonly #request: ModelRequest

  constructor(request: ModelRequest, fields: object) {
    this.#request = request
    Object.assign(this, fields)
  }

  get request(): ModelRequest {
    return this.#request
  }
}
