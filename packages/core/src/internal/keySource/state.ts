/**
 * When a key is loaded: a pure decision on what is known of it. Times are Unix time in milliseconds.
 */

/** A key that was loaded. */
export interface Known {
  readonly key: string
  /** From then on it is loaded again, and calls go on with this one meanwhile. */
  readonly refreshAt: number
  /** From then on calls wait for the next one. */
  readonly staleAt: number
  /** From then on it is of no use, so that no outage is bridged with it. Infinite where that is not known. */
  readonly expiresAt: number
}

export interface State {
  readonly known: Known | undefined
  /** How often a key was refused that was the newest one then. */
  readonly refusals: number
  /** Whether the newest key is one that was refused. */
  readonly refused: boolean
  /** No load before, because the last one failed. */
  readonly loadAfter: number
  /** No refusal counts before, because the store gave the refused key again. */
  readonly refusalsAfter: number
}

export const initial: State = {
  known: undefined,
  refusals: 0,
  refused: false,
  loadAfter: -Infinity,
  refusalsAfter: -Infinity,
}

/** What a call does: go on with the key, go on and have the next one loaded, wait for the next one, or fail. */
export type Step = "use" | "refresh" | "wait" | "fail"

export const step = ({ known, loadAfter, refused }: State, now: number): Step => {
  const mayLoad = now >= loadAfter
  if (known === undefined) return mayLoad ? "wait" : "fail"
  if (refused || now >= known.staleAt) {
    if (mayLoad) return "wait"
    return now < known.expiresAt ? "use" : "fail"
  }
  return now >= known.refreshAt && mayLoad ? "refresh" : "use"
}

/** A vendor refused a key. Only the newest one counts: the refusals of older ones are late. */
export const refuse = (state: State, key: string, now: number): State =>
  state.known?.key !== key || state.refused || now < state.refusalsAfter
    ? state
    : { ...state, refused: true, refusals: state.refusals + 1 }

/** A load gave a key. `refusals` is what the state had when it began: one that began before a refusal knows nothing of it. */
export const loaded = (
  state: State,
  known: Known,
  { now, pause, refusals }: { readonly now: number; readonly pause: number; readonly refusals: number },
): State => {
  const next = { ...state, known, loadAfter: -Infinity }
  if (state.known?.key !== known.key) return { ...next, refused: false, refusalsAfter: -Infinity }
  if (!state.refused || refusals < state.refusals) return next
  return { ...next, refused: false, refusalsAfter: now + pause }
}

/** A load failed. */
export const failed = (state: State, now: number, pause: number): State => ({ ...state, loadAfter: now + pause })

/** How long a key is used, in milliseconds. */
export interface Life {
  readonly timeToLive: number
  /** Whether it is of no use after that. */
  readonly expires: boolean
}

const refreshShare = 0.8

/** A key that was loaded now. One that is said to have expired is used until the next load may be: clocks differ. */
export const knownFrom = (key: string, { expires, timeToLive }: Life, now: number, pause: number): Known => {
  const life = Math.max(timeToLive, pause)
  const staleAt = now + (expires ? life : timeToLive)
  return {
    key,
    refreshAt: now + refreshShare * (staleAt - now),
    staleAt,
    expiresAt: expires ? staleAt : Infinity,
  }
}
