import { anthropic } from "./anthropic.ts"
import { type Dialect, type DialectName } from "./dialect.ts"
import { googleEmbeddings, openaiEmbeddings } from "./embeddings.ts"
import { google } from "./google.ts"
import { openaiChat } from "./openaiChat.ts"
import { mediaDialects } from "./openaiMedia.ts"
import { openaiResponses } from "./openaiResponses.ts"

const all: ReadonlyArray<Dialect> = [
  openaiResponses,
  openaiChat,
  openaiEmbeddings,
  ...mediaDialects,
  anthropic,
  google,
  googleEmbeddings,
]

/** The dialect that a path is spoken in. */
export const dialectOf = (path: string): Dialect | undefined => all.find((dialect) => dialect.matches(path))

const roots: Readonly<Record<DialectName, string>> = {
  "openai-responses": "/openai/v1",
  "openai-chat": "/openai/v1",
  anthropic: "/anthropic",
  google: "/google",
  "openai-embeddings": "/openai/v1",
  "google-embeddings": "/google",
  "openai-moderation": "/openai/v1",
  "openai-images": "/openai/v1",
  "openai-speech": "/openai/v1",
  "openai-transcription": "/openai/v1",
  "openai-decisions": "/openai/v1",
}

/** What the provider's SDK takes as its base URL. */
export const baseUrl = (port: number, dialect: DialectName): string => `http://127.0.0.1:${port}${roots[dialect]}`
