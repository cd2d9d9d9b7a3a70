/**
 * The keys of references whose values are plain data, so that equal ones are as good as the same. All else in a context is
 * told apart by identity: what two tenants keep may look alike.
 */
export const plainReferences: Set<string> = new Set(["@holdfast/core/RequestContext", "@holdfast/core/CallSettings"])
