/** From the events of an answer to the chunks of Vercel's UI message stream. */
import { type Done, type Event } from "../../ChatProtocol.ts"

export interface Chunk {
  readonly type: string
  readonly [field: string]: unknown
}

/**
 * What has been said so far of one answer. The chunks of an event depend on those before it: texts are opened and closed, and
 * a piece of a text without its start breaks the client.
 */
export class ChunkWriter {
  private open: { readonly kind: "text" | "reasoning"; readonly block: number; readonly id: string } | undefined
  private opened = 0
  private readonly inputs = new Set<string>()

  chunks(event: Event): ReadonlyArray<Chunk> {
    switch (event.type) {
      case "start":
        return [{ type: "start", messageId: event.messageId ?? event.answerId }, { type: "start-step" }]
      case "token":
        return this.piece("text", event)
      case "reasoning":
        return this.piece("reasoning", event)
      case "step":
        return [...this.close(), { type: "finish-step" }, { type: "start-step" }]
      case "done":
        return [...this.close(), { type: "finish-step" }, endOf(event)]
      case "error":
        // The sentence is for the page, and the rest for a program that looks at `onData`.
        return [
          ...this.close(),
          { type: "data-holdfast-error", data: event.error, transient: true },
          { type: "error", errorText: event.error.message },
        ]
      default:
        return [...this.close(), ...this.other(event)]
    }
  }

  private piece(
    kind: "text" | "reasoning",
    { block = 0, text }: { readonly block?: number; readonly text: string },
  ): ReadonlyArray<Chunk> {
    const { open } = this
    if (open?.kind === kind && open.block === block) return [{ type: `${kind}-delta`, id: open.id, delta: text }]
    const before = this.close()
    const id = String(this.opened++)
    this.open = { kind, block, id }
    return [...before, { type: `${kind}-start`, id }, { type: `${kind}-delta`, id, delta: text }]
  }

  private close(): ReadonlyArray<Chunk> {
    const { open } = this
    this.open = undefined
    return open === undefined ? [] : [{ type: `${open.kind}-end`, id: open.id }]
  }

  private other(event: Exclude<Event, { readonly type: "start" | "token" | "reasoning" | "step" | "done" | "error" }>) {
    switch (event.type) {
      case "tool-input-start":
        this.inputs.add(event.id)
        return [{ type: "tool-input-start", toolCallId: event.id, toolName: event.name }]
      case "tool-input-delta":
        return this.inputs.has(event.id)
          ? [{ type: "tool-input-delta", toolCallId: event.id, inputTextDelta: event.delta }]
          : []
      case "tool-call":
        return [
          {
            type: "tool-input-available",
            toolCallId: event.id,
            toolName: event.name,
            input: event.input,
            ...by(event),
          },
        ]
      case "tool-result":
        return [
          event.failed
            ? { type: "tool-output-error", toolCallId: event.id, errorText: words(event.output), ...by(event) }
            : {
                type: "tool-output-available",
                toolCallId: event.id,
                output: event.output,
                ...by(event),
                ...(event.preliminary === true && { preliminary: true }),
              },
        ]
      case "tool-approval":
        return [{ type: "tool-approval-request", approvalId: event.approvalId, toolCallId: event.toolCallId }]
      case "file":
        return [{ type: "file", mediaType: event.mediaType, url: `data:${event.mediaType};base64,${event.data}` }]
      case "source":
        return [sourceOf(event)]
      case "data": {
        const { data, id, name, transient } = event
        return [
          {
            type: `data-${name}`,
            data,
            ...(id !== undefined && { id }),
            ...(transient !== undefined && { transient }),
          },
        ]
      }
    }
  }
}

const by = ({ providerExecuted }: { readonly providerExecuted?: boolean }) => ({
  ...(providerExecuted === true && { providerExecuted: true }),
})

const words = (output: unknown): string => (typeof output === "string" ? output : JSON.stringify(output))

const sourceOf = ({ fileName, id, mediaType, title, url }: Extract<Event, { readonly type: "source" }>): Chunk =>
  url === undefined
    ? {
        type: "source-document",
        sourceId: id,
        mediaType: mediaType ?? "application/octet-stream",
        title: title ?? id,
        ...(fileName !== undefined && { filename: fileName }),
      }
    : { type: "source-url", sourceId: id, url, ...(title !== undefined && { title }) }

const endOf = ({ reason, ...rest }: typeof Done.Type): Chunk =>
  reason === "stopped"
    ? { type: "abort", reason: "stopped" }
    : {
        type: "finish",
        finishReason: known.has(reason) ? reason : "other",
        messageMetadata: { holdfast: withoutType(rest) },
      }

const withoutType = (done: Omit<typeof Done.Type, "reason">): Record<string, unknown> =>
  Object.fromEntries(Object.entries(done).filter(([field]) => field !== "type"))

const known: ReadonlySet<string> = new Set(["stop", "length", "content-filter", "tool-calls", "error"])
