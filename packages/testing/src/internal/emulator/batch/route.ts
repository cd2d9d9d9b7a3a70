import { type Effect } from "effect"

import { type BatchCall } from "../../../BatchHabit.ts"
import { type Dialect, type Json } from "../dialect.ts"
import { type State } from "../state.ts"

/** A request to a batch API, read. */
export interface Message {
  readonly state: State
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Json
  /** The body as it came, where it is no form. */
  readonly text: string
  readonly bytes: Uint8Array
  readonly form: FormData | undefined
  /** Unix milliseconds. */
  readonly now: number
}

/** What is answered. */
export type Said =
  | {
      readonly _tag: "Json"
      readonly value: unknown
      readonly status?: number
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly _tag: "Lines"; readonly text: string }
  | { readonly _tag: "Refused"; readonly status: number; readonly message: string }

export const json = (value: unknown, status = 200): Said => ({ _tag: "Json", value, status })

export const refused = (status: number, message: string): Said => ({ _tag: "Refused", status, message })

export const unknownBatch = refused(404, "No such batch.")

/** One call of one vendor's batch API. */
export interface Route {
  /** Whose credentials and error bodies it has. */
  readonly dialect: Dialect
  readonly call: BatchCall
  readonly run: (message: Message) => Effect.Effect<Said>
}

/** Finds the route of a request. */
export type RouteOf = (method: string, path: string) => Route | undefined
