/**
 * OpenAI's models at clouds: the same SDK with another address, and a token or a key of the cloud.
 */
import * as CloudAuth from "@holdfast/core/provider/CloudAuth"
import * as CloudPrices from "@holdfast/core/provider/CloudPrices"
import { type Headers } from "@holdfast/core/provider/KeyedFetch"
import { Effect } from "effect"

import { make } from "./transport.ts"

/** What all clouds take besides keys and tokens. */
interface Common {
  readonly apiUrl?: string | undefined
  readonly pricedAs?: CloudPrices.Prices | undefined
  readonly headers?: Headers | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly account?: string | undefined
}

export interface AzureOptions extends Common {
  readonly resource?: string | undefined
}

export interface BedrockOptions extends Common {
  readonly region?: string | undefined
}

const module = "OpenAiClient"

export const azure = Effect.fnUntraced(function* (options: AzureOptions & CloudAuth.Auth) {
  const host = yield* CloudAuth.hostPart(module, "resource", options.resource ?? (options.apiUrl ? "given" : ""))
  return yield* make({
    ...common(options),
    provider: "azure.ai.openai",
    optionKey: "openai",
    apiUrl: yield* CloudAuth.azureUrl(module, options.apiUrl ?? `https://${host}.openai.azure.com`, "/openai/v1"),
    apiKey: yield* CloudAuth.source("OpenAiClient.layerAzure", options),
    keyHeader: options.token === undefined ? "api-key" : undefined,
    // A deployment is often called as its model is.
    pricedAs: CloudPrices.pricedBy(options.pricedAs, (model) => ({ provider: "openai", model })),
  })
})

export const bedrock = Effect.fnUntraced(function* (options: BedrockOptions & CloudAuth.Auth) {
  const region = yield* CloudAuth.hostPart(module, "region", options.region ?? (options.apiUrl ? "given" : ""))
  return yield* make({
    ...common(options),
    provider: "aws.bedrock",
    optionKey: "openai",
    apiUrl: options.apiUrl ?? `https://bedrock-mantle.${region}.api.aws/openai/v1`,
    apiKey: yield* CloudAuth.source("OpenAiClient.layerBedrock", options),
    refusal: CloudAuth.refusalOfAws,
    pricedAs: CloudPrices.pricedBy(options.pricedAs, () => undefined),
  })
})

const common = ({ account, fetch, headers }: Common) => ({ module, account, fetch, headers })
