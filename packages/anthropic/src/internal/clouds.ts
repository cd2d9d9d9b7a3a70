/**
 * Claude at clouds: the same SDK with another address, and a token or a key of the cloud.
 */
import * as CloudAuth from "@holdfast/core/provider/CloudAuth"
import * as CloudPrices from "@holdfast/core/provider/CloudPrices"
import * as Endpoints from "@holdfast/core/provider/Endpoint"
import { type Headers } from "@holdfast/core/provider/KeyedFetch"
import { Effect } from "effect"

import { make } from "./transport.ts"
import { modelsPath, onVertex } from "./vertex.ts"

/** What all clouds take besides keys and tokens. */
interface Common {
  readonly apiUrl?: string | undefined
  readonly apiVersion?: string | undefined
  readonly pricedAs?: CloudPrices.Prices | undefined
  readonly headers?: Headers | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly account?: string | undefined
}

const module = "AnthropicClient"

export const bedrock = Effect.fnUntraced(function* (
  options: Common & CloudAuth.Auth & { readonly region?: string | undefined },
) {
  const region = yield* CloudAuth.hostPart(module, "region", options.region ?? (options.apiUrl ? "given" : ""))
  return yield* make({
    ...common(options),
    provider: "aws.bedrock",
    apiUrl: options.apiUrl ?? `https://bedrock-runtime.${region}.amazonaws.com/anthropic`,
    apiKey: yield* CloudAuth.source("AnthropicClient.layerBedrock", options),
    keyHeader: "authorization",
    refusal: CloudAuth.refusalOfAws,
    pricedAs: CloudPrices.pricedBy(options.pricedAs, CloudPrices.ofBedrock),
  })
})

export const foundry = Effect.fnUntraced(function* (
  options: Common & CloudAuth.Auth & { readonly resource?: string | undefined },
) {
  const resource = yield* CloudAuth.hostPart(module, "resource", options.resource ?? (options.apiUrl ? "given" : ""))
  return yield* make({
    ...common(options),
    provider: "azure.ai.inference",
    apiUrl: yield* CloudAuth.azureUrl(
      module,
      options.apiUrl ?? `https://${resource}.services.ai.azure.com`,
      "/anthropic",
    ),
    apiKey: yield* CloudAuth.source("AnthropicClient.layerFoundry", options),
    keyHeader: options.token === undefined ? "x-api-key" : "authorization",
    // A deployment is called as its model is, unless somebody chose another name.
    pricedAs: CloudPrices.pricedBy(options.pricedAs, (model) => ({ provider: "anthropic", model })),
  })
})

export const vertex = Effect.fnUntraced(function* (
  options: Common & {
    readonly project: string
    readonly location?: string | undefined
    readonly token: CloudAuth.Token
  },
) {
  const location = yield* CloudAuth.hostPart(module, "location", options.location ?? "global")
  const project = yield* CloudAuth.projectId(module, options.project)
  const apiUrl = yield* Endpoints.url(module, options.apiUrl ?? CloudAuth.vertexUrl(location))
  return yield* make({
    ...common(options),
    provider: "gcp.vertex_ai",
    apiUrl,
    apiKey: yield* CloudAuth.source("AnthropicClient.layerVertex", { token: options.token }),
    keyHeader: "authorization",
    rewrite: onVertex(apiUrl, modelsPath(project, location)),
    pricedAs: CloudPrices.pricedBy(options.pricedAs, (model) =>
      CloudPrices.claude(model.replace("@", "-"), location !== "global"),
    ),
  })
})

// The version that all clouds have; newer ones come to them later.
const common = ({ account, apiVersion = "2023-06-01", fetch, headers }: Common) => ({
  account,
  apiVersion,
  fetch,
  headers,
})
