/**
 * How the models of media of a server are asked, where that is not as OpenAI's are.
 */
import { type ImageSettings } from "./settings.ts"

/**
 * What is known of a server's models of media. One that nothing is known of is asked as OpenAI is.
 *
 * @since 0.1.0
 * @category models
 */
export interface MediaDialect {
  readonly images?: ImageDialect | undefined
  readonly speech?: SpeechDialect | undefined
  readonly transcription?: TranscriptionDialect | undefined
}

/**
 * How images are asked for.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageDialect {
  /** What the field `response_format` says for bytes; absent where bytes come unasked. */
  readonly responseFormat?: string | undefined
  /** What an image is, where the answer does not say. */
  readonly mediaType?: string | undefined
  /** Whether images can be started from, on the endpoint for edits. */
  readonly takesImages: boolean
  /** Settings that the server does not have, and what to do instead. */
  readonly unsupported?: Partial<Readonly<Record<keyof ImageSettings, string>>> | undefined
}

/**
 * How speech is asked for. The characters of the text are counted here, because the answer is bytes alone.
 *
 * @since 0.1.0
 * @category models
 */
export interface SpeechDialect {
  /** The format that is asked for where nobody says one. */
  readonly responseFormat: "mp3" | "opus" | "aac" | "flac" | "wav" | "pcm"
  /** The most of one request; absent where that is not told. */
  readonly maxCharacters?: number | undefined
}

/**
 * How transcripts are asked for.
 *
 * @since 0.1.0
 * @category models
 */
export interface TranscriptionDialect {
  /** The form whose answer says what was used: `verbose_json` has the duration of the sound. */
  readonly responseFormat: "json" | "verbose_json"
  /** The seconds that are billed at least. */
  readonly leastSeconds?: number | undefined
}
