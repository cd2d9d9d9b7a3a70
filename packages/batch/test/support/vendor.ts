/**
 * A vendor of batches in memory, whose every quirk can be switched on, and a provider for it. It counts what it would bill.
 */
import {
  type BatchProvider,
  type Candidate,
  type Item,
  type Line,
  ofModel,
  type Status,
} from "@holdfast/core/provider/BatchProvider"
import { Clock, Effect, Stream } from "effect"
import { AiError, LanguageModel, type Prompt } from "effect/ai"

export interface Batch {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly items: ReadonlyArray<Item>
  state: "running" | "ended" | "failed"
  isCancelAsked: boolean
  invalid: ReadonlyArray<{ readonly id: string; readonly message: string }>
}

/** What the vendor says of an item when its batch is over; no line at all where there is nothing. */
export type Answer = (item: Item) => Omit<Line, "id"> | undefined

export class Vendor {
  readonly batches: Array<Batch> = []
  readonly files = new Map<string, ReadonlyArray<Item>>()
  readonly forgotten: Array<string> = []
  /** How often each step was asked. */
  readonly calls: Record<string, number> = {}
  /** Whether the list shows the names of batches. */
  showsNames = true
  /** How many looks at the list do not show a batch that is there. */
  listLag = 0
  /** So many looks say that a batch is running. */
  runsFor = 1
  /** Items that fail the whole batch. */
  invalid: (item: Item) => string | undefined = () => undefined
  missing: Status["missing"] = "free"
  answer: Answer = (item) => answered(item)
  /** Runs before a step, and may fail it; `made` is what a create has made before its answer was lost. */
  before: (step: string) => Effect.Effect<void, AiError.AiError> = () => Effect.void
  after: (step: string) => Effect.Effect<void, AiError.AiError> = () => Effect.void
  private looks = new Map<string, number>()

  step<A>(name: string, run: () => A): Effect.Effect<A, AiError.AiError> {
    return Effect.suspend(() => {
      this.calls[name] = (this.calls[name] ?? 0) + 1
      return this.before(name).pipe(
        Effect.andThen(Effect.sync(run)),
        Effect.tap(() => this.after(name)),
      )
    })
  }

  upload(items: ReadonlyArray<Item>): string {
    const id = `file-${this.files.size + 1}`
    this.files.set(id, items)
    return id
  }

  create(name: string, items: ReadonlyArray<Item>, createdAt: number): string {
    const id = `batch-${this.batches.length + 1}`
    const invalid = items.flatMap((item) => {
      const message = this.invalid(item)
      return message === undefined ? [] : [{ id: item.id, message }]
    })
    this.batches.push({ id, name, createdAt, items, state: "running", isCancelAsked: false, invalid })
    return id
  }

  find(name: string, since: number, items: number): ReadonlyArray<Candidate> {
    if (this.listLag-- > 0) return []
    return this.batches
      .filter((batch) =>
        this.showsNames ? batch.name === name : batch.createdAt >= since && batch.items.length === items,
      )
      .map(({ createdAt, id }) => ({ id, createdAt, certain: this.showsNames }))
      .toReversed()
  }

  status(id: string): Status | undefined {
    const batch = this.batches.find((each) => each.id === id)
    if (batch === undefined) return undefined
    const looks = this.looks.get(id) ?? 0
    this.looks.set(id, looks + 1)
    if (looks >= this.runsFor) batch.state = batch.invalid.length > 0 ? "failed" : "ended"
    const counts = { total: batch.items.length, succeeded: 0, failed: 0 }
    return {
      state: batch.state,
      vendorState: batch.state,
      counts,
      invalid: batch.invalid,
      error: undefined,
      missing: this.missing,
    }
  }

  /** In another order than they were sent. */
  lines(id: string): ReadonlyArray<Line> {
    const batch = this.batches.find((each) => each.id === id)
    return (batch?.items ?? []).toReversed().flatMap((item) => {
      const line = this.answer(item)
      return line === undefined ? [] : [{ ...line, id: item.id } as Line]
    })
  }
}

const usage = { input: 100, output: 20 }

/** What one answer costs at the price of a batch: half of $0.10 and $0.50 a million for 100 and 20 tokens, in picodollars. */
export const unit = 100n * 50_000n + 20n * 250_000n

export const answered = (item: Item, text = `re: ${promptIn(item)}`): Line => ({
  _tag: "Answered",
  id: item.id,
  body: { text, usage },
})

export const promptIn = ({ body }: Item): string => (body as { readonly prompt: string }).prompt

export const refusal = (description: string): AiError.AiError =>
  AiError.make({ module: "acme", method: "batch", reason: new AiError.InvalidRequestError({ description }) })

/** A connection that was lost: nobody knows what became of the request. */
export const lost = AiError.make({
  module: "acme",
  method: "create",
  reason: new AiError.InternalProviderError({ description: "the connection was lost" }),
})

/** Nothing was made, and something may be made later. */
export const throttled = AiError.make({
  module: "acme",
  method: "create",
  reason: new AiError.RateLimitError({
    metadata: { holdfast: { kind: "throttled", provider: "acme", status: 429 } },
  }),
})

const notFound = AiError.make({
  module: "acme",
  method: "status",
  reason: new AiError.InvalidRequestError({ description: "there is no such batch" }),
})

export const textOf = (prompt: Prompt.Prompt): string =>
  prompt.content
    .flatMap(({ content }) =>
      typeof content === "string" ? [content] : content.map((part) => ("text" in part ? part.text : "")),
    )
    .join("\n")

interface Body {
  readonly text?: string
  readonly tool?: { readonly name: string; readonly params: unknown }
  readonly usage?: typeof usage
}

/** How the steps of a vendor are reached: in this process, or over a socket. */
export interface Steps extends Pick<BatchProvider<"chat">, "cancel" | "find" | "results" | "status"> {
  readonly upload: (items: ReadonlyArray<Item>) => Effect.Effect<string, AiError.AiError>
  readonly create: (
    name: string,
    file: string | undefined,
    items: ReadonlyArray<Item>,
  ) => Effect.Effect<string, AiError.AiError>
  readonly forget: (file: string) => Effect.Effect<void, AiError.AiError>
}

export const stepsOf = (vendor: Vendor): Steps => ({
  upload: (items) => vendor.step("upload", () => vendor.upload(items)),
  create: (name, file, items) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      vendor.step("create", () =>
        vendor.create(name, file === undefined ? items : (vendor.files.get(file) ?? []), now),
      ),
    ),
  find: ({ items, name, since }) => vendor.step("find", () => vendor.find(name, since, items)),
  status: (batch) =>
    Effect.flatMap(
      vendor.step("status", () => vendor.status(batch)),
      (status) => (status === undefined ? Effect.fail(notFound) : Effect.succeed(status)),
    ),
  results: (batch) =>
    Stream.unwrap(
      Effect.map(
        vendor.step("results", () => vendor.lines(batch)),
        Stream.fromIterable,
      ),
    ),
  cancel: (id) =>
    vendor.step("cancel", () => {
      const batch = vendor.batches.find((each) => each.id === id)
      if (batch !== undefined) batch.isCancelAsked = true
    }),
  forget: (file) => vendor.step("forget", () => void vendor.forgotten.push(file)),
})

export interface ProviderOptions {
  /** Whether items are sent ahead, as a file. */
  readonly files?: boolean
  readonly limits?: BatchProvider<"chat">["limits"]
  readonly model?: string
}

/** Its price is in `databases.ts`. */
export const providerOn = (
  steps: Steps,
  { files = true, limits = { items: 50_000, bytes: 200_000_000 }, model = "acme-1" }: ProviderOptions = {},
): BatchProvider<"chat"> => ({
  ...ofModel({
    provider: "acme",
    model,
    codecTransformer: LanguageModel.defaultCodecTransformer,
    settings: Effect.succeed({ maxOutputTokens: 100 }),
    prepare: ({ jsonSchema, options }) => {
      const prompt = textOf(options.prompt)
      if (prompt === "unsendable") return Effect.fail(refusal("this cannot be sent"))
      return Effect.succeed({
        body: { prompt, ...(jsonSchema !== undefined && { schema: jsonSchema }) },
        read: (answer) =>
          Effect.sync(() => {
            const { text, tool, usage: used } = answer as Body
            return {
              headers: {},
              parts: [
                ...(text === undefined ? [] : [{ type: "text" as const, text }]),
                ...(tool === undefined ? [] : [{ type: "tool-call" as const, id: "call-1", ...tool }]),
                {
                  type: "finish" as const,
                  reason: tool === undefined ? ("stop" as const) : ("tool-calls" as const),
                  usage: {
                    inputTokens: {
                      total: used?.input,
                      uncached: undefined,
                      cacheRead: undefined,
                      cacheWrite: undefined,
                    },
                    outputTokens: { total: used?.output, text: undefined, reasoning: undefined },
                  },
                  response: undefined,
                },
              ],
            }
          }),
      })
    },
  }),
  limits,
  sizeOf: (item) => JSON.stringify(item).length,
  upload: files ? (items) => Effect.flatMap(Stream.runCollect(items), (all) => steps.upload(all)) : undefined,
  create: ({ file, items, name }) =>
    file === undefined
      ? Effect.flatMap(Stream.runCollect(items), (all) => steps.create(name, undefined, all))
      : steps.create(name, file, []),
  find: steps.find,
  status: steps.status,
  results: steps.results,
  cancel: steps.cancel,
  forget: steps.forget,
})
