import { Schema } from "effect"

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
    return `${this.package} cannot be loaded; run: npm install ${this.package}`
  }
}
