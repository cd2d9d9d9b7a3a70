import { execFileSync } from "node:child_process"

import { assert, it } from "@effect/vitest"

const index = new URL("../src/index.ts", import.meta.url)

/** What a process of its own finds out, in which optional packages are there or not. */
const alone = (installed: boolean): unknown => {
  const script = `
    import { registerHooks } from "node:module"
    const loaded = new Set()
    registerHooks({
      resolve(specifier, context, next) {
        const name = ["@pydantic/genai-prices", "gpt-tokenizer"].find((each) => specifier.startsWith(each))
        if (name === undefined) return next(specifier, context)
        loaded.add(name)
        if (!${installed}) throw new Error("Cannot find package " + name)
        return next(specifier, context)
      },
    })
    const { Estimate, PriceBook } = await import(${JSON.stringify(index.href)})
    const { Effect, Layer } = await import("effect")
    const before = [...loaded]
    const failure = (effect) => Effect.runPromise(Effect.scoped(Effect.match(effect, {
      onFailure: (error) => [error._tag, error.message],
      onSuccess: () => "loaded",
    })))
    console.log(JSON.stringify([
      before,
      await failure(PriceBook.genaiPrices),
      await failure(Layer.build(Estimate.layerGptTokenizer)),
    ]))
  `
  const options = { cwd: new URL("..", index), encoding: "utf8" } as const
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "--eval", script], options))
}

it("loads optional packages only when they are asked for, and says which one is missing", () => {
  assert.deepStrictEqual(alone(true), [[], "loaded", "loaded"])
  const missing = (name: string) => ["PackageMissing", `${name} cannot be loaded; run: npm install ${name}`]
  assert.deepStrictEqual(alone(false), [[], missing("@pydantic/genai-prices"), missing("gpt-tokenizer")])
})
