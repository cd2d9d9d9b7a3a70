/**
 * Several keys that are loaded together: what is loaded is one text, of which each source shows a part.
 */
import { Effect, Option, Redacted, Schema } from "effect"

import { make, type Settings } from "./source.ts"
import { type KeySource, KeyUnavailable, type KeyDocument } from "./types.ts"

type Fields = Readonly<Record<string, Redacted.Redacted>>

const Text = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))
const decode = Schema.decodeEffect(Text)
const decodeOption = Schema.decodeOption(Text)

export const document = (load: Effect.Effect<Fields, unknown>, settings: Settings): Effect.Effect<Loadable> =>
  Effect.map(make(Effect.map(load, written), { ...settings, mistakeIn: () => undefined }), (whole) => ({
    first: whole.current,
    key: (field) => Effect.tap(Effect.succeed(partOf(whole, field, settings.name)), ({ current }) => current),
  }))

interface Loadable extends KeyDocument {
  readonly first: KeySource["current"]
}

// Sorted, so that the same keys are the same text.
const written = (fields: Fields): Redacted.Redacted =>
  Redacted.make(
    JSON.stringify(
      Object.fromEntries(
        Object.entries(fields)
          .map(([name, key]) => [name, Redacted.value(key)] as const)
          .toSorted(([one], [other]) => (one < other ? -1 : 1)),
      ),
    ),
  )

const partOf = (whole: KeySource, field: string, name: string): KeySource => {
  const keyIn = (text: Redacted.Redacted) =>
    Effect.flatMap(Effect.orDie(decode(Redacted.value(text))), (fields) =>
      Object.hasOwn(fields, field)
        ? Effect.succeed(Redacted.make(fields[field]?.trim() ?? ""))
        : Effect.fail(new KeyUnavailable({ source: name, reason: `it has no field "${field}"` })),
    )
  return {
    given: () =>
      (whole.given?.() ?? [])
        .flatMap((text) =>
          Option.toArray(Option.flatMapNullishOr(decodeOption(Redacted.value(text)), (fields) => fields[field])),
        )
        .map((key) => Redacted.make(key)),
    current: Effect.flatMap(whole.current, keyIn),
    refused: (key) =>
      Effect.flatMap(whole.current, (text) =>
        Effect.flatMap(keyIn(text), (own) =>
          Redacted.value(own) === Redacted.value(key) ? whole.refused(text) : Effect.void,
        ),
      ).pipe(Effect.ignore),
  }
}
