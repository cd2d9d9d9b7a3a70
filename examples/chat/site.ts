import { PriceBook } from "@holdfast/cost"
/** The page and the chat behind it. */
import { ChatServer } from "@holdfast/server"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"

import { answers } from "./answers.ts"
import { bundled } from "./bundle.ts"
import { models } from "./models.ts"

const page = Layer.unwrap(
  Effect.map(bundled, ({ script, style }) =>
    Layer.mergeAll(
      HttpRouter.add(
        "GET",
        "/",
        HttpServerResponse.setHeader(HttpServerResponse.html(html), "content-security-policy", policy),
      ),
      HttpRouter.add("GET", "/page.js", HttpServerResponse.text(script, { contentType: "text/javascript" })),
      HttpRouter.add("GET", "/page.css", HttpServerResponse.text(style, { contentType: "text/css" })),
    ),
  ),
)

/** Even if the page had a hole, nothing of another origin would run in it. */
const policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <meta name="color-scheme" content="light dark" />
  <title>Holdfast chat</title>
  <link rel="icon" href="data:," />
  <link rel="stylesheet" href="/page.css" />
  <div id="root"></div>
  <script type="module" src="/page.js"></script>
</html>`

/** A chat with a page, on the emulator or on real providers. */
export const site = Layer.unwrap(
  Effect.map(models, (model) =>
    Layer.merge(
      page,
      ChatServer.sse().pipe(
        Layer.provide(ChatServer.layer(answers, { resume: {}, prices: PriceBook.builtIn })),
        Layer.provide(model),
      ),
    ),
  ),
)
