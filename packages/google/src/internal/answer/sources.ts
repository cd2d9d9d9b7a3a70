import { type Sink } from "@holdfast/core/provider/EventReader"
import { field, list, text, textOrEmpty, url } from "@holdfast/core/provider/Json"

import { type AnswerState } from "./state.ts"

const mostSources = 10_000

/** Appends what an answer is grounded in or quotes, each source once. */
export const pushSources = (candidate: unknown, state: AnswerState, out: Sink): void => {
  for (const chunk of list(field(candidate, "groundingMetadata"), "groundingChunks")) {
    for (const kind of ["web", "maps", "image", "retrievedContext"]) pushSource(field(chunk, kind), kind, state, out)
  }
  for (const page of list(field(candidate, "urlContextMetadata"), "urlMetadata")) {
    if (text(page, "urlRetrievalStatus") !== "URL_RETRIEVAL_STATUS_SUCCESS") continue
    pushSource({ uri: field(page, "retrievedUrl") }, "urlContext", state, out)
  }
  for (const citation of list(field(candidate, "citationMetadata"), "citations")) {
    pushSource(citation, "citation", state, out)
  }
}

const pushSource = (source: unknown, kind: string, state: AnswerState, out: Sink): void => {
  const link = url(source, "uri") ?? url(source, "sourceUri")
  const name = link ?? text(source, "uri") ?? text(source, "title")
  if (name === undefined || state.sources.has(name) || state.sources.size >= mostSources) return
  const id = `source-${state.sources.size}`
  state.sources.add(name)
  const title = text(source, "title") ?? name
  const metadata = state.metadata({ kind, placeId: text(source, "placeId"), license: text(source, "license") })
  if (link !== undefined && !link.startsWith("gs:")) {
    out.push({ type: "source", sourceType: "url", id, url: link, title, metadata })
    return
  }
  const fileName = textOrEmpty(source, "uri").replace(/^.*\//, "")
  const named = fileName === "" ? undefined : { fileName }
  out.push({ type: "source", sourceType: "document", id, mediaType: "text/plain", title, ...named, metadata })
}
