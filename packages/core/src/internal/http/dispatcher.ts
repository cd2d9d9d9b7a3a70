/**
 * What Node.js sends the requests of its `fetch` with. Programs set another one for a proxy, for certificates of their own or for tests.
 */

/** The part of undici's `Dispatcher` that is used here. */
export interface Dispatcher {
  readonly dispatch: (options: object, handler: unknown) => boolean
}

const isDispatcher = (value: unknown): value is Dispatcher =>
  typeof value === "object" && value !== null && "dispatch" in value && typeof value.dispatch === "function"

/** The one of now; `undefined` where `fetch` has none. Node.js sets it up with the first use of anything that belongs to `fetch`. */
export const globalDispatcher = (): Dispatcher | undefined => {
  void globalThis.Headers
  const found: unknown = Reflect.get(globalThis, Symbol.for("undici.globalDispatcher.1"))
  return isDispatcher(found) ? found : undefined
}

/** One that does more than to connect: the proxy of the environment (`NODE_USE_ENV_PROXY`), or whatever the program has set. */
export const specialDispatcher = (): Dispatcher | undefined => {
  const found = globalDispatcher()
  return found?.constructor.name === "Agent" ? undefined : found
}
