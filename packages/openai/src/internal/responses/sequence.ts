import { type Json } from "@holdfast/core/provider/Json"
import { Predicate } from "effect"

/**
 * Which events are frames that were sent twice.
 *
 * Servers invent sequence numbers: all 0, all -1, starting anew, one that is too high. So no more than an exact repeat of
 * the last event is one, and not even that once two different events have had numbers that do not grow.
 */
export class Sequence {
  private last: { readonly number: number; readonly event: string } | undefined
  private isInvented = false

  isRepeat(event: Json): boolean {
    const number = event["sequence_number"]
    if (this.isInvented || !Predicate.isNumber(number)) return false
    const { last } = this
    if (last !== undefined && number <= last.number) {
      const repeated = number === last.number && JSON.stringify(event) === last.event
      this.isInvented = !repeated
      return repeated
    }
    this.last = { number, event: JSON.stringify(event) }
    return false
  }
}
