import { type ModelRequest } from "../call/types.ts"

/**
 * An event about a request, which it hides from `JSON.stringify`, `inspect`, spreads and whatever else walks over it, and with it the
 * prompt. A private field costs a tenth of a property that is defined so.
 */
export class AboutRequest {
  readonly #request: ModelRequest

  constructor(request: ModelRequest) {
    this.#request = request
  }

  get request(): ModelRequest {
    return this.#request
  }
}
