/**
 * Whether the files of a database are still where they were opened.
 *
 * SQLite goes on writing into a file that was deleted or replaced, and says that all is well; what is written so is gone when the
 * process ends. So who writes looks first, which takes some microseconds.
 */
import { statSync } from "node:fs"
import { resolve } from "node:path"

import { Result } from "effect"

export class OpenFiles {
  readonly #paths: ReadonlyArray<string>
  /** Device and inode, since each file was first seen. */
  readonly #seen = new Map<string, string>()

  constructor(filename: string) {
    // Of a program that goes to another folder later on.
    const path = resolve(filename)
    this.#paths = filename === ":memory:" ? [] : [path, `${path}-wal`]
  }

  /** The file that is not there any more, or is another one. One that never was there is not missed. */
  get moved(): string | undefined {
    for (const path of this.#paths) {
      const now = identityOf(path)
      const seen = this.#seen.get(path)
      if (seen !== undefined && seen !== now) return path
      if (seen === undefined && now !== undefined) this.#seen.set(path, now)
    }
    return undefined
  }
}

// A folder that may not be looked into any more is as good as gone.
const identityOf = (path: string): string | undefined => {
  const status = Result.getOrUndefined(Result.try(() => statSync(path, { throwIfNoEntry: false, bigint: true })))
  return status === undefined ? undefined : `${status.dev} ${status.ino}`
}
