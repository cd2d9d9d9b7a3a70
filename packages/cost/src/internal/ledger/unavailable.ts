import { PolicyError } from "@holdfast/core"
import { Schema } from "effect"
import { AiError } from "effect/ai"

const cures = {
  DiskFull: "free some space on its disk",
  Locked: "another process has held the database for too long",
  ConnectionLost: "check that the database is running and can be reached",
  ReadOnly: "give the program write access to the database",
  Damaged: "stop writing to it, and restore a backup",
  NewerVersion: "update this program, because a newer version has changed the tables",
  ClockSteppedBack: "check the clock of this machine",
  ReservationOver: "it had ended before, perhaps because its lease ran out; give the budget a longer lease",
  Unknown: "look at the log of the database",
} as const

/**
 * The ledger cannot tell what was spent, so nothing is reserved.
 *
 * **Details**
 *
 * `reason` is what happened: the disk or the database is full, another process held the lock for too long, the connection
 * was lost,  the database may only be read or is damaged, its tables were made by a later version of this library, the clock was set back by more than the tolerance, or the reservation
 * had been ended before.
 *
 * @since 0.1.0
 * @category errors
 */
export class LedgerUnavailable
  extends Schema.TaggedError<LedgerUnavailable>("@holdfast/cost/LedgerUnavailable")("LedgerUnavailable", {
    operation: Schema.Literals(["open", "reserve", "settle", "release", "expire", "read"]),
    reason: Schema.Literals([
      "DiskFull",
      "Locked",
      "ConnectionLost",
      "ReadOnly",
      "Damaged",
      "NewerVersion",
      "ClockSteppedBack",
      "ReservationOver",
      "Unknown",
    ]),
    /** What the database said. */
    description: Schema.optionalKey(Schema.String),
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  override get message(): string {
    const said = this.description === undefined ? "" : `: ${this.description}`
    return `the ledger could not ${this.operation} (${this.reason})${said}; ${cures[this.reason]}`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InternalProviderError({ description: this.message, metadata })
  }
}
