/**
 * A name for what was asked that says nothing of it to those who do not have the key.
 */
import { createHmac } from "node:crypto"

import { Fingerprint, type ModelRequest } from "@holdfast/core"
import { Redacted } from "effect"

/** What hashes are made with. */
export interface HashKey {
  /** Stands in each line, so that hashes of different keys are not compared. */
  readonly name: string
  readonly secret: Redacted.Redacted
}

/**
 * HMAC-SHA-256 over the tenant and the request, in hexadecimal. Equal requests of two tenants have different hashes. `undefined`
 * where the request cannot be written down.
 */
export const hashOf = (
  { secret }: HashKey,
  { request, tenant }: { readonly tenant: string | undefined; readonly request: ModelRequest.ModelRequest },
): string | undefined => {
  const text = Fingerprint.textOf(request)
  if (text === undefined) return undefined
  // The length keeps a tenant's name and a request apart, whatever is in them.
  const scope = tenant === undefined ? "-" : `${tenant.length}:${tenant}`
  return createHmac("sha256", Redacted.value(secret)).update(scope).update("\n").update(text).digest("hex")
}
