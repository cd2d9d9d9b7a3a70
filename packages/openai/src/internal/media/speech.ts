import { charactersOf, type MediaUsage } from "@holdfast/core/MediaUsage"
import { count, field, text } from "@holdfast/core/provider/Json"
import { malformed, type Origin } from "@holdfast/core/provider/ProviderError"
import { type Content, type ProviderMediaModel, type Request } from "@holdfast/core/provider/ProviderMediaModel"
import { between, refuseNumbers } from "@holdfast/core/provider/Ranges"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { longestBytes } from "@holdfast/core/provider/SdkEndpoint"
import * as SdkMediaModel from "@holdfast/core/provider/SdkMediaModel"
import { Effect, Predicate, Stream } from "effect"
import { type AiError } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"

import { type SpeechBody, type Transport } from "../transport.ts"
import { type SpeechDialect } from "./dialect.ts"
import { type SpeechSettings } from "./settings.ts"

/** A model on the endpoint for speech. */
export const speechModel = (
  client: Pick<Transport, "media"> & SdkMediaModel.Client,
  model: string,
  settings: Effect.Effect<SpeechSettings>,
  dialect?: SpeechDialect,
): ProviderMediaModel<"speech"> =>
  SdkMediaModel.make({
    client,
    model,
    settings,
    prepare: (asked, refusals) => {
      if (dialect === undefined) refuse(model, asked.request, { current: asked.settings, refusals })
      else refuseElsewhere(asked, dialect, refusals)
      return bodyOf(model, asked.request, { ...elsewhere(dialect), ...asked.settings })
    },
    send: Effect.fnUntraced(function* (body: SpeechBody, { settings: current }: Asked) {
      const { speech, speechEvents } = client.media
      const mediaType = mediaTypes[current.responseFormat ?? dialect?.responseFormat ?? "mp3"]
      const known = { requests: 1, characters: charactersOf(body.input) }
      if (dialect !== undefined || isBilledByCharacters(model)) {
        const { headers, parts } = yield* speech.once(body)
        const content: Content<"speech"> = { type: "audio", mediaType, data: Base64.encode(parts) }
        return { headers, parts: { content: [content], usage: known } }
      }
      // Only the last of the events says what it took.
      const { headers, parts } = yield* speechEvents.open(body)
      const { pieces, usage } = yield* gathered(speechEvents.origin, parts)
      const content = pieces.map((data): Content<"speech"> => ({ type: "audio", mediaType, data }))
      return { headers, parts: { content, usage: { ...known, ...usage } } }
    }),
  })

type Asked = SdkMediaModel.Asked<Request<"speech">, SpeechSettings>

/** What is asked of another server where nobody says so. */
const elsewhere = (dialect: SpeechDialect | undefined): SpeechSettings =>
  dialect === undefined ? {} : { responseFormat: dialect.responseFormat }

const refuseElsewhere = (
  { request, settings }: Asked,
  { maxCharacters = Infinity }: SpeechDialect,
  refusals: Refusals,
): void => {
  if (charactersOf(request.text) > maxCharacters) {
    refusals.option("text", `a request takes ${maxCharacters} characters; cut it between sentences`)
  }
  if ((request.voice ?? settings.voice) === undefined) {
    refusals.option("voice", "the server has voices of its own; give the name of one")
  }
}

/** They know no events. */
const isBilledByCharacters = (model: string): boolean => model.startsWith("tts-1")

const mediaTypes = {
  mp3: "audio/mpeg",
  opus: "audio/opus",
  aac: "audio/aac",
  flac: "audio/flac",
  wav: "audio/wav",
  pcm: "audio/pcm;rate=24000",
} as const

// https://developers.openai.com/api/reference/resources/audio/subresources/speech/methods/create
const maxCharacters = 4_096

interface Checked {
  readonly current: SpeechSettings
  readonly refusals: Refusals
}

const refuse = (
  model: string,
  { instructions, text: said }: Request<"speech">,
  { current, refusals }: Checked,
): void => {
  if (charactersOf(said) > maxCharacters) {
    refusals.option("text", `a request takes ${maxCharacters} characters; cut it between sentences`)
  }
  if (instructions !== undefined && isBilledByCharacters(model)) {
    refusals.option("instructions", "this model cannot be told how to speak; leave it out")
  }
  refuseNumbers({ ...current }, { speed: between(0.25, 4) }, refusals)
}

const bodyOf = (
  model: string,
  { instructions, text: said, voice }: Request<"speech">,
  { extra, responseFormat, speed, voice: usual = "alloy" }: SpeechSettings,
): SpeechBody => ({
  model,
  input: said,
  voice: voice ?? usual,
  ...(instructions !== undefined && { instructions }),
  ...(responseFormat !== undefined && { response_format: responseFormat }),
  ...(speed !== undefined && { speed }),
  ...extra,
})

interface Gathered {
  readonly pieces: ReadonlyArray<string>
  readonly usage: MediaUsage
}

/** All of the sound, which may be no longer than one that comes as bytes. */
const gathered = (
  origin: Origin,
  events: Stream.Stream<unknown, AiError.AiError>,
): Effect.Effect<Gathered, AiError.AiError> =>
  Effect.gen(function* () {
    const pieces: Array<string> = []
    let size = 0
    let usage: MediaUsage | undefined
    yield* Stream.runForEach(events, (event) => {
      const type = text(event, "type")
      if (type === "speech.audio.done") usage = usageOf(field(event, "usage"))
      const piece = type === "speech.audio.delta" ? field(event, "audio") : undefined
      if (!Predicate.isString(piece)) return Effect.void
      pieces.push(piece)
      size += Math.max(piece.length, leastCost)
      return size > longestBytes
        ? Effect.fail(malformed(origin, `the answer exceeds ${longestBytes} bytes`, true))
        : Effect.void
    })
    if (usage === undefined) return yield* Effect.fail(malformed(origin, "the sound ended before it was over", true))
    return { pieces, usage }
  })

// What a piece costs to keep, however short it is. Characters.
const leastCost = 256

/** Text goes in, and sound comes out. */
const usageOf = (usage: unknown): MediaUsage => {
  const [input, output] = [count(usage, "input_tokens"), count(usage, "output_tokens")]
  return { inputTokens: { total: input, text: input }, outputTokens: { total: output, audio: output } }
}
