/**
 * Whether an account may be asked: a pure decision on what its answers said. Times are Unix time in milliseconds.
 */

export interface AccountState {
  /** Not asked before. */
  readonly until: number
  /** The key that the vendor refused; it is asked again with another one. */
  readonly deadKey: string | undefined
}

export const live: AccountState = { until: -Infinity, deadKey: undefined }

/** What a failure says about an account. */
export type Said =
  | { readonly _tag: "Throttled"; readonly millis: number }
  | { readonly _tag: "QuotaExhausted"; readonly millis: number }
  | { readonly _tag: "KeyRefused"; readonly key: string }

export const after = (state: AccountState, said: Said, now: number): AccountState =>
  said._tag === "KeyRefused"
    ? { ...state, deadKey: said.key }
    : { ...state, until: Math.max(state.until, now + said.millis) }

/** Another key than the one that was refused is a new start. */
export const withKey = (state: AccountState, key: string): AccountState =>
  state.deadKey === undefined || state.deadKey === key ? state : live

export const mayBeAsked = ({ deadKey, until }: AccountState, now: number): boolean =>
  deadKey === undefined && now >= until
