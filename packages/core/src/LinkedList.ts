/**
 * A list from whose middle can be taken: the queue of everything that waits in these packages. `Set` keeps the places of what
 * was deleted, so finding the first of many costs more the more were deleted before it.
 *
 * It is not part of the API. It has a path of its own because `@holdfast/cost` waits in it as well, and a second copy would
 * need every repair twice.
 *
 * @internal
 */

/** @internal */
export interface Entry<A> {
  readonly value: A
  before: Entry<A> | undefined
  after: Entry<A> | undefined
}

/** @internal */
export class LinkedList<A> {
  first: Entry<A> | undefined
  last: Entry<A> | undefined
  size = 0

  append(value: A): Entry<A> {
    const entry: Entry<A> = { value, before: this.last, after: undefined }
    if (this.last === undefined) this.first = entry
    else this.last.after = entry
    this.last = entry
    this.size++
    return entry
  }

  /** Takes out an entry that is in this list. */
  remove({ after, before }: Entry<A>): void {
    if (before === undefined) this.first = after
    else before.after = after
    if (after === undefined) this.last = before
    else after.before = before
    this.size--
  }
}
