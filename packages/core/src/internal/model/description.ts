/**
 * One policy or model of a stack, with its settings, and what it stands on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Description {
  /** As it is called in code: `Retry.schedule`. */
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
  /** Empty for a provider's model, several for a fallback. */
  readonly inner: ReadonlyArray<Description>
}

/**
 * What a policy or a model says of itself.
 *
 * @since 0.1.0
 * @category models
 */
export type Label = Omit<Description, "inner"> & { readonly inner?: ReadonlyArray<Description> }
