/** From the parts of `effect/ai` to the events of an answer. */
import { Option, Predicate, Result, Schema } from "effect"
import { type Response } from "effect/ai"
import { Base64 } from "effect/encoding"

import { type Data, type Event } from "../../ChatProtocol.ts"

/** What a program that answers may say: the parts of a model, decoded or encoded, and news of the application. */
export type Part = Response.AnyPart | Response.AnyPartEncoded | typeof Data.Type

type Usage = Response.FinishPartEncoded["usage"]

/** What the parts of one answer leave behind until its end. */
export class EventWriter {
  reason: Response.FinishPartEncoded["reason"] | undefined
  usage: Usage | undefined
  model: string | undefined
  /** What an `error` part said. Nothing counts after it. */
  failure: { readonly error: unknown } | undefined
  private blocks = 0
  private readonly blockOf = new Map<string, number>()
  /** The text of the last piece, which is that of the next one as well as a rule. */
  private current: { readonly kind: string; readonly id: string; readonly block: number } | undefined
  private stepOver = false

  events(parts: ReadonlyArray<Part>): ReadonlyArray<Event> {
    const events: Array<Event> = []
    for (const part of parts) {
      if (this.failure !== undefined) break
      const event = this.event(part)
      if (event === undefined) continue
      if (this.stepOver) {
        this.stepOver = false
        events.push({ type: "step" })
      }
      events.push(event)
    }
    return events
  }

  private event(part: Part): Event | undefined {
    switch (part.type) {
      case "text-delta":
        return part.delta === "" ? undefined : piece("token", part.delta, this.block("text", part.id))
      case "text":
        return part.text === "" ? undefined : piece("token", part.text, this.blocks++)
      case "reasoning-delta":
        return part.delta === "" ? undefined : piece("reasoning", part.delta, this.block("reasoning", part.id))
      case "reasoning":
        return part.text === "" ? undefined : piece("reasoning", part.text, this.blocks++)
      case "text-start":
        return this.begin(`text ${part.id}`)
      case "reasoning-start":
        return this.begin(`reasoning ${part.id}`)
      case "finish":
        return this.finish(part)
      case "response-metadata":
        this.model = modelIdOf(part.modelId) ?? this.model
        return undefined
      case "error":
        this.failure = { error: part.error }
        return undefined
      case "data":
        return part
      default:
        return ofTools(part)
    }
  }

  private begin(key: string): undefined {
    this.blockOf.set(key, this.blocks++)
    this.current = undefined
  }

  private block(kind: "text" | "reasoning", id: string): number {
    const { current } = this
    if (current !== undefined && current.kind === kind && current.id === id) return current.block
    const key = `${kind} ${id}`
    if (!this.blockOf.has(key)) this.begin(key)
    const block = this.blockOf.get(key) ?? 0
    this.current = { kind, id, block }
    return block
  }

  private finish(part: Response.FinishPart | Response.FinishPartEncoded): undefined {
    this.reason = part.reason
    this.usage = sum(this.usage, {
      inputTokens: { ...part.usage.inputTokens },
      outputTokens: { ...part.usage.outputTokens },
    })
    // Blocks of the next step are others, also where the provider counts its own from the beginning.
    this.blockOf.clear()
    this.current = undefined
    this.stepOver = true
  }
}

const piece = (type: "token" | "reasoning", text: string, block: number): Event =>
  block === 0 ? { type, text } : { type, text, block }

const modelIdOf = (id: unknown): string | undefined => {
  if (Predicate.isString(id)) return id
  return Option.isOption(id) && Option.isSome(id) && Predicate.isString(id.value) ? id.value : undefined
}

const ofTools = (part: Part): Event | undefined => {
  switch (part.type) {
    case "tool-params-start":
      return { type: "tool-input-start", id: part.id, name: part.name }
    case "tool-params-delta":
      return { type: "tool-input-delta", id: part.id, delta: part.delta }
    case "tool-call":
      return {
        type: "tool-call",
        id: part.id,
        name: part.name,
        input: plain(part.params),
        ...(part.providerExecuted === true && { providerExecuted: true }),
      }
    case "tool-result":
      return {
        type: "tool-result",
        id: part.id,
        name: part.name,
        // What a tool returned is encoded by its schema, where `effect/ai` ran it.
        output: plain("encodedResult" in part ? part.encodedResult : part.result),
        failed: part.isFailure,
        ...(part.preliminary === true && { preliminary: true }),
        ...(part.providerExecuted === true && { providerExecuted: true }),
      }
    case "tool-approval-request":
      return { type: "tool-approval", approvalId: part.approvalId, toolCallId: part.toolCallId }
    case "file":
      return {
        type: "file",
        mediaType: part.mediaType,
        data: Predicate.isString(part.data) ? part.data : Base64.encode(part.data),
      }
    case "source":
      return part.sourceType === "url"
        ? { type: "source", id: part.id, url: String(part.url), title: part.title }
        : {
            type: "source",
            id: part.id,
            title: part.title,
            mediaType: part.mediaType,
            ...(part.fileName !== undefined && { fileName: part.fileName }),
          }
    default:
      return undefined
  }
}

/** Plain JSON of what a tool takes or gives, which may be anything: dates, big integers, circles. */
const plain = (value: unknown): unknown =>
  Result.getOrElse(
    Result.try(() =>
      parse(JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each))),
    ),
    () => null,
  )

const parse = (json: string | undefined): unknown => (json === undefined ? null : JSON.parse(json))

/** Steps of one answer add up. What one of them did not report is not known of all. */
const sum = (before: Usage | undefined, step: Usage): Usage => {
  if (before === undefined) return clean(step)
  return clean({
    inputTokens: added(before.inputTokens, step.inputTokens),
    outputTokens: added(before.outputTokens, step.outputTokens),
  })
}

const added = <Counts extends object>(before: Counts, step: Counts): Counts => {
  const counts: Record<string, number> = {}
  for (const key of Object.keys(before)) {
    const [one, other] = [before[key as keyof Counts], step[key as keyof Counts]] as ReadonlyArray<unknown>
    if (Predicate.isNumber(one) && Predicate.isNumber(other)) counts[key] = one + other
  }
  return counts as Counts
}

const clean = ({ inputTokens, outputTokens }: Usage): Usage => ({
  inputTokens: counted(inputTokens),
  outputTokens: counted(outputTokens),
})

const counted = <Counts extends object>(counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => isCount(count))) as Counts

const isCount = Schema.is(Schema.Int)
