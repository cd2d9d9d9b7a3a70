/** Routes of the chat, with CORS where it is configured. */
import { Effect, type Layer, type Scope } from "effect"
import { HttpMiddleware, HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"

import { type ChatError } from "../../ChatError.ts"
import { headers } from "../../ChatProtocol.ts"
import { refusing } from "./responses.ts"

/**
 * Which pages of other sites may ask. Without it none may.
 *
 * @since 0.1.0
 * @category options
 */
export interface Cors {
  /** `["https://app.example"]`, or `"*"` for all. With `credentials` all is not a choice of browsers. */
  readonly origins: ReadonlyArray<string> | "*"
  /** Headers that a page may send. All that it asks for if left out. */
  readonly headers?: ReadonlyArray<string> | undefined
  /** Headers that a page may read, beside those of the protocol. */
  readonly exposedHeaders?: ReadonlyArray<string> | undefined
  readonly credentials?: boolean | undefined
  /** Seconds for which a browser may remember this. */
  readonly maxAge?: number | undefined
}

type Provided =
  | HttpServerRequest.HttpServerRequest
  | HttpServerRequest.ParsedSearchParams
  | HttpRouter.RouteContext
  | Scope.Scope

export interface Route {
  readonly method: "GET" | "POST" | "DELETE"
  readonly path: HttpRouter.PathInput
  readonly handler: Effect.Effect<HttpServerResponse.HttpServerResponse, ChatError, Provided>
}

export const routes = (
  all: ReadonlyArray<Route>,
  cors: Cors | undefined,
): Layer.Layer<never, never, HttpRouter.HttpRouter> => {
  const allow = cors === undefined ? undefined : middleware(cors)
  const handlers = all.map(({ handler, method, path }) =>
    HttpRouter.route(method, path, allow === undefined ? refusing(handler) : allow(refusing(handler))),
  )
  const preflights =
    allow === undefined
      ? []
      : [...new Set(all.map(({ path }) => path))].map((path) =>
          HttpRouter.route("OPTIONS", path, allow(Effect.succeed(HttpServerResponse.empty()))),
        )
  return HttpRouter.addAll([...handlers, ...preflights])
}

const middleware = ({ credentials, exposedHeaders = [], headers: allowed, maxAge, origins }: Cors) =>
  HttpMiddleware.cors({
    allowedOrigins: origins === "*" ? [] : (origin: string) => origins.includes(origin),
    allowedMethods: ["GET", "POST", "DELETE"],
    allowedHeaders: allowed,
    exposedHeaders: [headers.answerId, "retry-after", ...exposedHeaders],
    credentials,
    maxAge,
  })
