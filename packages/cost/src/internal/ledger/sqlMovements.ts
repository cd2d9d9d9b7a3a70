/**
 * What settlements moved in their accounts, until it is told.
 *
 * A commit whose answer was lost may have been written. Its settlement is then found settled when it is tried again, and moved what
 * was reckoned the first time, because the accounts were locked. So it is told then, and told once.
 */
import { type Operation } from "./sqlOperation.ts"
import { type Movement } from "./state.ts"

/** Who asks for a settlement. */
export interface Asker {
  /** Whether its answer cannot reach it any more. */
  isLost: boolean
}

/** Of so many settlements at most it is remembered. Each is one that somebody gave up or a database failed on. */
const most = 10_000

export class UntoldMovements {
  readonly #untold = new Map<string, { readonly asker: Asker; readonly movements: ReadonlyArray<Movement> }>()

  set(id: string, asker: Asker, movements: ReadonlyArray<Movement>): void {
    if (movements.length === 0) return
    this.#untold.delete(id)
    this.#untold.set(id, { asker, movements })
    if (this.#untold.size <= most) return
    const [oldest] = this.#untold.keys()
    if (oldest !== undefined) this.#untold.delete(oldest)
  }

  /** For who asks again, or in the place of one that cannot be told. */
  get(id: string, asker: Asker): ReadonlyArray<Movement> {
    const found = this.#untold.get(id)
    return found !== undefined && (found.asker === asker || found.asker.isLost) ? found.movements : []
  }

  /** They were told. */
  delete(operation: Operation): void {
    if (operation._tag === "Settle") this.#untold.delete(operation.settlement.id)
    if (operation._tag === "Exchange") for (const { id } of operation.settlements) this.#untold.delete(id)
  }
}
