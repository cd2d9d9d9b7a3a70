/** Pages with a chat server behind them. */
import { fileURLToPath } from "node:url"

import { ChatServer } from "@holdfast/server"
import { Effect, Layer, Stream } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"

import { bundle } from "./bundle.ts"

const here = (path: string) => fileURLToPath(new URL(`../page/${path}`, import.meta.url))

const react18 = { react: "react-18", "react-dom": "react-dom-18" }

/** The bundles of the pages, by the path at which they are served. */
export const bundles = Effect.promise(async () => {
  const [ours, old, vercel] = await Promise.all([
    bundle({ entry: here("ours.tsx") }),
    bundle({ entry: here("ours.tsx"), alias: react18 }),
    bundle({ entry: here("vercel.tsx") }),
  ])
  return { ours, old, vercel }
})

type Bundles = Effect.Success<typeof bundles>

const html = (name: string) =>
  `<!doctype html><meta charset="utf-8"><title>${name}</title><body></body><script type="module" src="/${name}.js"></script>`

const statics = (all: Bundles) =>
  HttpRouter.addAll(
    Object.entries(all).flatMap(([name, code]) => [
      HttpRouter.route("GET", `/${name}`, HttpServerResponse.html(html(name))),
      HttpRouter.route("GET", `/${name}.js`, HttpServerResponse.text(code, { contentType: "text/javascript" })),
    ]),
  )

/** The pages, and both protocols on one program that answers. */
export const pagesOn = <R>(all: Bundles, answer: ChatServer.Answer<unknown, R>) =>
  Layer.mergeAll(
    statics(all),
    Layer.provide(
      Layer.merge(ChatServer.sse(), ChatServer.uiMessageStream()),
      ChatServer.layer(answer, { resume: {} }),
    ),
  )

const said = (content: unknown): string => (typeof content === "string" ? content : JSON.stringify(content))

/** "1000 tokens", "2 at a time", "every 4 ms": says so many, so many at once, so often. Without a time, as fast as they are taken. */
export const tokensAsked: ChatServer.Answer<never, never> = ({ messages }) => {
  const text = said(messages.at(-1)?.content)
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0)
  const pause = number(/every (\d+)/)
  return Stream.range(1, number(/(\d+) tokens/)).pipe(
    Stream.map((count): ChatServer.Part => ({ type: "text-delta", id: "0", delta: `t${count} ` })),
    Stream.rechunk(Math.max(1, number(/(\d+) at a time/))),
    Stream.mapArrayEffect((parts) =>
      Effect.as(
        pause > 0
          ? Effect.sleep(pause)
          : Effect.promise(() => new Promise<void>((resolve) => void setImmediate(resolve))),
        parts,
      ),
    ),
  )
}

export const tokens = (count: number): string => Array.from({ length: count }, (_, index) => `t${index + 1} `).join("")
