/**
 * Packages that are installed only by those who want them.
 */

import { Effect, Schema } from "effect"

/**
 * A package that is not installed by itself is asked for.
 *
 * @since 0.1.0
 * @category errors
 */
export class PackageMissing extends Schema.TaggedError<PackageMissing>("@holdfast/cost/PackageMissing")(
  "PackageMissing",
  {
    package: Schema.String,
    cause: Schema.Defect(),
  },
) {
  override get message(): string {
    return `${this.package} cannot be loaded; install it beside @holdfast/cost`
  }
}

/** Loads a package when the effect runs. */
export const load = <A>(name: string, module: () => Promise<A>): Effect.Effect<A, PackageMissing> =>
  Effect.tryPromise({ try: module, catch: (cause) => new PackageMissing({ package: name, cause }) })
