/**
 * Values of labels, of which there are never more than so many: models and errors come from requests, and each one is a series that
 * no registry forgets.
 */

/** Stands for all values above the limit. */
export const other = "other"

export class Values {
  readonly #known = new Set<string>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** The value itself, or `other` where there are too many already, or it is longer than any name. */
  of(value: string): string {
    if (this.#known.has(value)) return value
    if (this.#known.size >= this.#most || value.length > longest) return other
    this.#known.add(value)
    return value
  }
}

const longest = 128

/** One thing for each key, made when it is first asked for, under a limit of keys. */
export class Table<A> {
  readonly #known = new Map<string, A>()
  readonly #make: (key: string) => A

  constructor(make: (key: string) => A) {
    this.#make = make
  }

  get(key: string): A {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = this.#make(key)
    this.#known.set(key, made)
    return made
  }
}
