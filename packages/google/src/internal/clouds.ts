/**
 * Gemini on Vertex AI: the same SDK with a project and a token.
 */
import * as CloudAuth from "@holdfast/core/provider/CloudAuth"
import * as CloudPrices from "@holdfast/core/provider/CloudPrices"
import { Effect } from "effect"

import { make, type TransportOptions } from "./transport.ts"

export interface VertexOptions extends Pick<TransportOptions, "account" | "fetch" | "headers"> {
  readonly project: string
  readonly location?: string | undefined
  readonly token: CloudAuth.Token
  readonly apiUrl?: string | undefined
  readonly apiVersion?: string | undefined
  readonly pricedAs?: CloudPrices.Prices | undefined
}

const module = "GoogleClient"

export const vertex = Effect.fnUntraced(function* (options: VertexOptions) {
  const location = yield* CloudAuth.hostPart(module, "location", options.location ?? "global")
  const project = yield* CloudAuth.projectId(module, options.project)
  const { account, apiUrl, apiVersion = "v1", fetch, headers, pricedAs, token } = options
  return yield* make({
    module,
    account,
    fetch,
    headers,
    apiVersion,
    apiUrl: apiUrl ?? CloudAuth.vertexUrl(location),
    apiKey: yield* CloudAuth.source("GoogleClient.layerVertex", { token }),
    vertex: { project, location },
    pricedAs: CloudPrices.pricedBy(pricedAs, (model) => ({ provider: "gcp.gemini", model })),
  })
})
