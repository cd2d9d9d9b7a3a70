import { execFileSync } from "node:child_process"

/**
 * Whether a vendor's SDK is loaded after a provider's package is imported, and after its client is made: what a process
 * of its own finds out.
 */
export const sdkLoadedBy = (options: {
  /** The provider's `index.ts`. */
  readonly index: URL
  readonly client: string
  /** The SDK's package, or its scope. */
  readonly sdk: string
}): unknown => {
  const [index, client, sdk, inside] = [options.index.href, options.client, options.sdk, `${options.sdk}/`].map(
    (text) => JSON.stringify(text),
  )
  const script = `
    import { registerHooks } from "node:module"
    let loaded = false
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier === ${sdk} || specifier.startsWith(${inside})) loaded = true
        return next(specifier, context)
      },
    })
    const { [${client}]: client } = await import(${index})
    const { Effect, Redacted } = await import("effect")
    const before = loaded
    await Effect.runPromise(client.make({ apiKey: Redacted.make("sk-test") }))
    console.log(JSON.stringify([before, loaded]))
  `
  const cwd = new URL("..", options.index)
  return JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "--eval", script], { cwd, encoding: "utf8" }),
  )
}
