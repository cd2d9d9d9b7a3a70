/**
 * From the citations of a text to `source` parts.
 */
import { type Sink } from "@holdfast/core/provider/EventReader"
import { count, text, url } from "@holdfast/core/provider/Json"

import { metadata, type AnswerState } from "./state.ts"

/** Appends the source that a citation names. */
export const pushSource = (citation: unknown, state: AnswerState, out: Sink): void => {
  const id = `source-${state.sources}`
  const type = text(citation, "type")
  // A search result's source is whatever its author wrote there, mostly a link.
  const link = url(citation, type === "search_result_location" ? "source" : "url")
  if (link !== undefined) {
    const title = text(citation, "title") ?? link
    out.push({ type: "source", sourceType: "url", id, url: link, title, metadata: metadata({ citation }) })
  } else if (type?.endsWith("_location") === true && type !== "web_search_result_location") {
    out.push({
      type: "source",
      sourceType: "document",
      id,
      ...documentOf(citation, type),
      metadata: metadata({ citation }),
    })
  } else return
  state.sources += 1
}

const documentOf = (citation: unknown, type: string) => {
  const title = text(citation, "document_title") ?? text(citation, "title") ?? text(citation, "source")
  const fileName = title ?? `document ${count(citation, "document_index") ?? ""}`.trim()
  const mediaType = type === "page_location" ? "application/pdf" : "text/plain"
  return { mediaType, title: fileName, fileName }
}
