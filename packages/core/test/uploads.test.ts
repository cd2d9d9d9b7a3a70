import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { type AddressInfo } from "node:net"

import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"

import * as FileSource from "../src/FileSource.ts"
import * as PolicyError from "../src/PolicyError.ts"
import { eachPiece } from "../src/provider/ProviderFiles.ts"
import { multipart, ofBytes, UploadBody } from "../src/provider/UploadBody.ts"
import { uploadFetch } from "../src/provider/UploadFetch.ts"
import * as UploadedFile from "../src/UploadedFile.ts"

/** A server that answers as it is told, for as long as the scope is open. */
const serving = (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer(answer)
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        }),
    ),
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  )

const asBody = (body: UploadBody) => body as unknown as NonNullable<RequestInit["body"]>

const post = (url: string, body: UploadBody, fetch?: typeof globalThis.fetch, init: RequestInit = {}) =>
  Effect.promise(() =>
    uploadFetch(fetch)(url, { method: "POST", ...init, body: asBody(body) }).then(async (response) => ({
      status: response.status,
      text: await response.text(),
    })),
  )

/** Says how many bytes came, and with which length. */
const counting = (request: IncomingMessage, response: ServerResponse): void => {
  let bytes = 0
  request.on("data", (piece: Uint8Array) => (bytes += piece.byteLength))
  request.on("end", () => response.end(`${bytes} ${request.headers["content-length"] ?? "chunked"}`))
}

/** A body without an end, and how often it was asked for more. */
const endless = () => {
  const seen = { pieces: 0, returned: false }
  const body = new UploadBody({
    length: undefined,
    isRepeatable: true,
    open: () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => {
          seen.pieces++
          return Promise.resolve({ done: seen.returned, value: new Uint8Array(64_000) }) as Promise<
            IteratorResult<Uint8Array>
          >
        },
        return: () => {
          seen.returned = true
          return Promise.resolve({ done: true, value: undefined })
        },
      }),
    }),
  })
  return { body, seen }
}

describe("uploadFetch", () => {
  it.effect("sends a body of a known length with it, and one of an unknown length in chunks", () =>
    Effect.gen(function* () {
      const url = yield* serving(counting)
      const bytes = new Uint8Array(300_000)
      assert.strictEqual((yield* post(url, ofBytes(bytes))).text, "300000 300000")
      const { open } = ofBytes(bytes)
      const unknown = new UploadBody({ length: undefined, isRepeatable: true, open })
      assert.strictEqual((yield* post(url, unknown)).text, "300000 chunked")
    }),
  )

  it.effect("hands a body to a fetch that is given, and where there is no Node.js", () =>
    Effect.gen(function* () {
      const url = yield* serving(counting)
      const given: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init)
      assert.match((yield* post(url, ofBytes(new Uint8Array(300_000)), given)).text, /^300000 /)
    }),
  )

  it.effect("stops sending when the answer is there before the end", () =>
    Effect.gen(function* () {
      const url = yield* serving((request, response) => {
        request.once("data", () => {
          response.writeHead(413, { connection: "close" })
          response.end("too large")
        })
      })
      const { body, seen } = endless()
      const { status } = yield* post(url, body)
      assert.strictEqual(status, 413)
      assert.isTrue(seen.returned)
    }),
  )

  it.effect("does not follow redirects", () =>
    Effect.gen(function* () {
      const url = yield* serving((request, response) => {
        request.resume()
        request.on("end", () => {
          response.writeHead(307, { location: "/elsewhere" })
          response.end()
        })
      })
      assert.strictEqual((yield* post(url, ofBytes(new Uint8Array(3)))).status, 307)
    }),
  )

  it.effect("lets go of a source when it is aborted", () =>
    Effect.gen(function* () {
      const url = yield* serving((request) => request.pause())
      const { body, seen } = endless()
      const controller = new AbortController()
      const sending = uploadFetch(undefined)(url, { body: asBody(body), method: "POST", signal: controller.signal })
      const failed = sending.then(
        () => undefined,
        (cause: unknown) => cause,
      )
      controller.abort(new Error("enough"))
      assert.strictEqual(((yield* Effect.promise(() => failed)) as Error).message, "enough")
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      assert.isTrue(seen.returned)
    }),
  )

  it.effect("writes forms that a server can read, whatever the name of the file", () =>
    Effect.gen(function* () {
      const { body, contentType } = multipart(
        { purpose: "user_data" },
        { field: "file", name: 'a"b\r\n.txt', mediaType: "text/plain", body: ofBytes(new Uint8Array([104, 105])) },
        "boundary",
      )
      const pieces = yield* Stream.runCollect(
        Stream.map(Stream.fromAsyncIterable(body.open(), String), (piece) => Buffer.from(piece)),
      )
      const bytes = Buffer.concat(pieces)
      assert.lengthOf(bytes, body.length ?? -1)
      const form = yield* Effect.promise(() =>
        new Response(new Uint8Array(bytes), { headers: { "content-type": contentType } }).formData(),
      )
      const file = form.get("file") as File
      assert.deepStrictEqual([form.get("purpose"), yield* Effect.promise(() => file.text())], ["user_data", "hi"])
    }),
  )
})

const globalDispatcher = Symbol.for("undici.globalDispatcher.1")

/** Sends all that `fetch` sends to another server, as a proxy's agent does. */
class ProxyAgent {
  readonly paths: Array<string> = []
  private readonly origin: string
  private readonly plain: { readonly dispatch: (options: object, handler: unknown) => boolean }

  constructor(origin: string, plain: unknown) {
    this.origin = origin
    this.plain = plain as ProxyAgent["plain"]
  }

  dispatch(options: { readonly origin: string; readonly path: string }, handler: unknown): boolean {
    this.paths.push(`${options.origin}${options.path}`)
    return this.plain.dispatch({ ...options, origin: this.origin }, handler)
  }
}

/** A proxy that is set for the global `fetch`, for as long as the scope is open. */
const proxied = (origin: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      void globalThis.Headers
      const before: unknown = Reflect.get(globalThis, globalDispatcher)
      const agent = new ProxyAgent(origin, before)
      Reflect.set(globalThis, globalDispatcher, agent)
      return { agent, before }
    }),
    ({ before }) => Effect.sync(() => void Reflect.set(globalThis, globalDispatcher, before)),
  )

/** A body in pieces that share one array, as those of files do. */
const sharing = (sizes: ReadonlyArray<number>) =>
  new UploadBody({
    length: sizes.reduce((sum, size) => sum + size, 0),
    isRepeatable: true,
    open: () =>
      (async function* () {
        const array = new Uint8Array(Math.max(...sizes))
        let at = 0
        for (const size of sizes) {
          for (let index = 0; index < size; index++) array[index] = (at + index) % 251
          at += size
          yield array.subarray(0, size)
        }
      })(),
  })

/** The number of bytes, and whether each is what it is to be. */
const verifying = (request: IncomingMessage, response: ServerResponse): void => {
  let at = 0
  let intact = true
  request.on("data", (piece: Uint8Array) => {
    for (const byte of piece) intact &&= byte === at++ % 251
  })
  request.on("end", () => response.end(`${at} ${intact}`))
}

describe("uploadFetch behind a proxy", () => {
  const sizes = [10, 70_000, 3, 1_000_000, 65_536, 1, 300_000]
  const sum = sizes.reduce((all, size) => all + size, 0)

  it.effect("takes the dispatcher that is set for fetch", () =>
    Effect.gen(function* () {
      const { agent } = yield* proxied(yield* serving(verifying))
      // Nobody answers there.
      const { status, text } = yield* post("http://api.invalid/v1/files?x=1", sharing(sizes))
      assert.deepStrictEqual([status, text], [200, `${sum} true`])
      assert.deepStrictEqual(agent.paths, ["http://api.invalid/v1/files?x=1"])
    }),
  )

  it.effect("sends the same bytes without one", () =>
    Effect.gen(function* () {
      const { text } = yield* post(yield* serving(verifying), sharing(sizes))
      assert.strictEqual(text, `${sum} true`)
    }),
  )

  it.effect("gives an answer that comes before the end, and one without a body", () =>
    Effect.gen(function* () {
      const { before } = yield* proxied(
        yield* serving((request, response) => {
          request.resume()
          response.writeHead(request.url === "/gone" ? 204 : 413, { connection: "close", "x-two": ["a", "b"] })
          response.end(request.url === "/gone" ? undefined : "too large")
        }),
      )
      assert.isDefined(before)
      assert.strictEqual((yield* post("http://api.invalid/gone", ofBytes(new Uint8Array(3)))).status, 204)
      const { status, text } = yield* post("http://api.invalid/", ofBytes(new Uint8Array(3)))
      assert.deepStrictEqual([status, text], [413, "too large"])
    }),
  )

  it.effect("is aborted, and fails as fetch does", () =>
    Effect.gen(function* () {
      yield* proxied(yield* serving((request) => request.pause()))
      const { body } = endless()
      const controller = new AbortController()
      const outcome = uploadFetch(undefined)("http://api.invalid/", {
        body: asBody(body),
        method: "POST",
        signal: controller.signal,
      }).then(
        () => undefined,
        (cause: unknown) => cause,
      )
      controller.abort(new Error("enough"))
      assert.strictEqual(((yield* Effect.promise(() => outcome)) as Error).message, "enough")
    }),
  )

  it.effect("fails as fetch does where nobody answers", () =>
    Effect.gen(function* () {
      yield* proxied("http://127.0.0.1:9")
      const cause = yield* Effect.promise(() =>
        uploadFetch(undefined)("http://api.invalid/", { body: asBody(sharing([3])), method: "POST" }).then(
          () => undefined,
          (failure: unknown) => failure,
        ),
      )
      assert.instanceOf(cause, TypeError)
      assert.strictEqual(cause.message, "fetch failed")
    }),
  )
})

describe("FileSource", () => {
  const cut = (sizes: ReadonlyArray<number>, size: number, stated?: number) =>
    Effect.gen(function* () {
      const content = Stream.fromIterable(sizes.map((length) => new Uint8Array(length)))
      const pieces: Array<readonly [number, number]> = []
      const total = yield* eachPiece(FileSource.stream(content, { fileName: "f", size: stated }), size, (piece, at) =>
        Effect.sync(() => pieces.push([at, piece.byteLength])),
      )
      return { total, pieces }
    })

  it.effect("is read in pieces of one size, however it comes", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* cut([3, 0, 9, 1], 5), {
        total: 13,
        pieces: [
          [0, 5],
          [5, 5],
          [10, 3],
        ],
      })
      assert.deepStrictEqual(yield* cut([10], 5, 10), {
        total: 10,
        pieces: [
          [0, 5],
          [5, 5],
        ],
      })
      assert.deepStrictEqual(yield* cut([], 5), { total: 0, pieces: [] })
    }),
  )

  it.effect("has the size that was announced, or fails", () =>
    Effect.gen(function* () {
      for (const stated of [12, 14]) {
        const exit = yield* Effect.exit(cut([3, 9, 1], 5, stated))
        assert.isTrue(Exit.isFailure(exit))
      }
    }),
  )

  it("knows the types of files by their names", () => {
    assert.strictEqual(FileSource.path("/a/b/Launch.MP4").mediaType, "video/mp4")
    assert.strictEqual(FileSource.path("C:\\films\\launch.mov").fileName, "launch.mov")
    assert.strictEqual(FileSource.path("launch").mediaType, "application/octet-stream")
  })
})

describe("FileExpired", () => {
  it("is known again on the other side of the standard service", () => {
    const error = new UploadedFile.FileExpired({ provider: "openai", file: "file-1", expiresAt: 0 })
    const folded = PolicyError.toAiError(error)
    assert.strictEqual(folded.reason._tag, "InvalidRequestError")
    assert.deepStrictEqual(PolicyError.fromAiError(UploadedFile.FileExpired)(folded)._tag, "Some")
  })
})
