/**
 * A duration as options take it: `"30 seconds"`, milliseconds, or a `Duration`.
 *
 * @since 0.1.0
 */
import { type Duration } from "effect"

/**
 * What `Duration.Input` takes, written out.
 *
 * **Details**
 *
 * A compiler's message about a wrong duration shows the forms that are taken, and not the name of a type.
 *
 * @since 0.1.0
 * @category models
 */
export type DurationInput = Forms["any"]

// By way of an index: of an alias a compiler shows the name.
interface Forms {
  readonly any: "Infinity" | "-Infinity" | `${number} ${Duration.Unit}` | Exclude<Duration.Input, string>
}
