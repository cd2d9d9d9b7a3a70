/**
 * Breakpoints of the prompt cache: where a prefix ends that is written to the cache and read from it.
 */
import type { Anthropic } from "@anthropic-ai/sdk"
import { field } from "@holdfast/core/provider/Json"
import { type Refusals } from "@holdfast/core/provider/Refusals"

/** Reads a breakpoint that a caller wrote. */
export const cacheControlOf = (value: unknown): Anthropic.CacheControlEphemeral | undefined => {
  if (value === undefined || value === null || value === false) return undefined
  const ttl = field(value, "ttl")
  return ttl === "5m" || ttl === "1h" ? { type: "ephemeral", ttl } : { type: "ephemeral" }
}

/** The field of a block that makes it a breakpoint. */
export const marked = (control: Anthropic.CacheControlEphemeral | undefined) =>
  control === undefined ? undefined : { cache_control: control }

const mostBreakpoints = 4

/** Anthropic takes four breakpoints, and long-lived ones only before short-lived ones. */
export const refuseBreakpoints = (
  ordered: ReadonlyArray<unknown>,
  automatic: Anthropic.CacheControlEphemeral | undefined,
  refusals: Refusals,
): void => {
  const controls = [...ordered.flatMap(controlsOf), ...(automatic === undefined ? [] : [automatic])]
  if (controls.length > mostBreakpoints) {
    refusals.option(
      "cacheControl",
      `a request takes ${mostBreakpoints} cache breakpoints, and ${controls.length} are set; leave some out`,
    )
  }
  const firstShort = controls.findIndex((control) => field(control, "ttl") !== "1h")
  if (firstShort !== -1 && controls.slice(firstShort).some((control) => field(control, "ttl") === "1h")) {
    refusals.option(
      "cacheControl",
      `a breakpoint of "1h" must not come after one of "5m", in the order of tools, system and messages`,
    )
  }
}

// A block's own breakpoint, or those of the blocks in it.
const controlsOf = (holder: unknown): ReadonlyArray<unknown> => {
  const own = field(holder, "cache_control")
  if (own !== undefined) return [own]
  const content = field(holder, "content")
  return Array.isArray(content) ? content.flatMap(controlsOf) : []
}
