/**
 * When a token expires, if it says so itself: a JSON Web Token has it in its claim `exp`
 * (https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4).
 */
import { Predicate, Result } from "effect"

/** Unix time in milliseconds; none if the token is no JSON Web Token, or has no such claim. */
export const expiryOf = (token: string): number | undefined => {
  const claims = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token)?.[1]
  if (claims === undefined || token.length > longestToken) return undefined
  const plain = claims.replaceAll("-", "+").replaceAll("_", "/")
  const parsed = Result.getOrUndefined(Result.try((): unknown => JSON.parse(atob(plain))))
  if (!Predicate.hasProperty(parsed, "exp") || !Predicate.isNumber(parsed.exp)) return undefined
  return Number.isFinite(parsed.exp) ? parsed.exp * 1000 : undefined
}

const longestToken = 20_000
