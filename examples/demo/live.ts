/**
 * The stage of the demo on the real providers: those whose key is in the environment.
 */
import { Config, Effect, Layer, Option, Schema } from "effect"

import { anthropic, google, type Named, openai, preferring, Providers } from "./providers.ts"

/** There is nobody to ask. */
class NoKeys extends Schema.TaggedError<NoKeys>()("NoKeys", {}) {
  override get message(): string {
    return "no key found: set OPENAI_API_KEY, ANTHROPIC_API_KEY or GOOGLE_API_KEY, or leave --live out"
  }
}

const withKey = (name: string, make: typeof openai) =>
  Effect.map(Config.option(Config.Redacted(name)), (key) =>
    Option.match(key, { onNone: (): ReadonlyArray<Named> => [], onSome: (apiKey) => [make({ apiKey })] }),
  )

/** The demo against the real providers. */
export const live = ({ prompts, question }: { readonly prompts: number; readonly question: string }) =>
  Layer.effect(
    Providers,
    Effect.gen(function* () {
      const found = yield* Effect.all([
        withKey("OPENAI_API_KEY", openai),
        withKey("ANTHROPIC_API_KEY", anthropic),
        withKey("GOOGLE_API_KEY", google),
      ])
      const [first, ...others] = found.flat()
      if (first === undefined) return yield* new NoKeys()
      return {
        models: [first, ...others],
        model: preferring([first, ...others]),
        question,
        prompts,
        stage: () => Effect.void,
      }
    }),
  )
