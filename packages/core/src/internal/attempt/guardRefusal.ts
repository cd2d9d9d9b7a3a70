/**
 * A guard's refusal on its way from the attempt up to the policy that installed the guard.
 *
 * The policies between must neither retry it nor send the request elsewhere: to them it is not a failure of a model. It
 * never leaves the stack, because whoever installs a guard unwraps it.
 */
export class GuardRefusal {
  readonly _tag = "GuardRefusal"
  readonly guard: object
  readonly error: unknown

  constructor(guard: object, error: unknown) {
    this.guard = guard
    this.error = error
  }
}
