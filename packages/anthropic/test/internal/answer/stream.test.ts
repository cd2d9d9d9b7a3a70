import { assert, describe, it } from "@effect/vitest"
import { longestGathered, mapEvents, type Part } from "@holdfast/core/provider/EventReader"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Effect, Fiber, Stream } from "effect"
import { AiError, type Tool } from "effect/ai"
import { TestClock } from "effect/testing"

import * as AnthropicTool from "../../../src/AnthropicTool.ts"
import { AnswerState } from "../../../src/internal/answer/state.ts"
import { MessagesReader } from "../../../src/internal/answer/stream.ts"
import { origin } from "../../requests.ts"

const begin = (fields: object = {}) => ({
  type: "message_start",
  message: { id: "msg_1", model: "m", content: [], stop_reason: null, usage: { input_tokens: 3 }, ...fields },
})
const start = (content_block: object, index = 0) => ({ type: "content_block_start", index, content_block })
const delta = (fields: object, index = 0) => ({ type: "content_block_delta", index, delta: fields })
const stop = (index = 0) => ({ type: "content_block_stop", index })
const close = (stop_reason: string, fields: object = {}) => ({
  type: "message_delta",
  delta: { stop_reason, ...fields },
  usage: { output_tokens: 7 },
})
const end = { type: "message_stop" }

const text = (value: string) => delta({ type: "text_delta", text: value })
const json = (partial_json: string, index = 0) => delta({ type: "input_json_delta", partial_json }, index)
const textBlock = start({ type: "text", text: "" })
const use = (id: string, index = 0, input: unknown = {}) =>
  start({ type: "tool_use", id, name: "weather", input }, index)

/** All parts up to the end of the events or to an error. */
const run = (events: ReadonlyArray<unknown>, tools: ReadonlyArray<Tool.Any> = []) => {
  const reader = new MessagesReader(new AnswerState({ origin, declared: providerTools(tools) }))
  const out: Array<Part> = []
  for (const event of events) {
    const error = reader.read(event, out)
    if (error !== undefined) return { out, error, reader }
  }
  reader.end()
  return { out, error: undefined, reader }
}

const shape = (events: ReadonlyArray<unknown>, tools?: ReadonlyArray<Tool.Any>): string => {
  const { error, out } = run(events, tools)
  const seen = out.map((part) =>
    "delta" in part ? `${part.type}:${part.delta}` : part.type === "finish" ? `finish:${part.reason}` : part.type,
  )
  return [...seen, ...(error === undefined ? [] : [error.reason._tag])].join(" ")
}

describe("texts and thoughts", () => {
  it("come in pieces", () => {
    const events = [
      begin(),
      { type: "ping" },
      start({ type: "thinking", thinking: "", signature: "" }),
      delta({ type: "thinking_delta", thinking: "hm" }),
      delta({ type: "signature_delta", signature: "c2ln" }),
      stop(),
      start({ type: "text", text: "" }, 1),
      delta({ type: "text_delta", text: "hello" }, 1),
      stop(1),
      close("end_turn"),
      end,
    ]
    assert.strictEqual(
      shape(events),
      "response-metadata reasoning-start reasoning-delta:hm reasoning-end text-start text-delta:hello text-end finish:stop",
    )
    const { out, reader } = run(events)
    assert.isTrue(reader.isComplete())
    assert.deepStrictEqual(out[3]?.metadata, { anthropic: { signature: "c2ln" } })
    assert.deepInclude(out.at(-1), { usage: { inputTokens: { total: 3 }, outputTokens: { total: 7 } } })
  })

  it("may begin with what a gateway put into the beginning", () => {
    assert.strictEqual(
      shape([
        begin(),
        start({ type: "thinking", thinking: "hm", signature: "c2ln" }),
        stop(),
        start({ type: "text", text: "he", citations: null }, 1),
        delta({ type: "text_delta", text: "llo" }, 1),
        stop(1),
        close("end_turn"),
        end,
      ]),
      "response-metadata reasoning-start reasoning-delta:hm reasoning-end text-start text-delta:he text-delta:llo text-end finish:stop",
    )
  })

  it("that nobody may read keep their data", () => {
    const { out } = run([
      begin(),
      start({ type: "redacted_thinking", data: "c2VjcmV0" }),
      stop(),
      close("end_turn"),
      end,
    ])
    assert.deepStrictEqual(out[2]?.metadata, { anthropic: { redactedData: "c2VjcmV0" } })
  })

  it("name their sources once", () => {
    const citation = { type: "web_search_result_location", url: "https://a.example/", title: "A" }
    const cites = delta({ type: "citations_delta", citation })
    const other = delta({ type: "citations_delta", citation: { ...citation, title: "B" } })
    const { out } = run([
      begin(),
      textBlock,
      cites,
      { ...cites, delta: { type: "citations_delta", citation: { ...citation } } },
      other,
      delta({ type: "citations_delta", citation: "odd" }),
      text("a"),
      stop(),
      close("end_turn"),
      end,
    ])
    assert.lengthOf(
      out.filter(({ type }) => type === "source"),
      2,
    )
    assert.deepStrictEqual(out.find(({ type }) => type === "text-end")?.metadata, {
      anthropic: { citations: [citation, { ...citation, title: "B" }] },
    })
    const first = run([begin(), start({ type: "text", text: "", citations: [citation] })])
    assert.strictEqual(first.out.at(-1)?.type, "source")
    const endless = Array.from({ length: 10_001 }, (_, index) =>
      delta({ type: "citations_delta", citation: { ...citation, title: String(index) } }),
    )
    assert.strictEqual(run([begin(), textBlock, ...endless]).error?.reason._tag, "InvalidResponseError")
  })
})

describe("calls", () => {
  it("come in pieces, and are given out when they are sure to be whole", () => {
    assert.strictEqual(
      shape([begin(), use("toolu_1"), json(""), json('{"city":'), json('"Oslo"}'), stop()]),
      'response-metadata tool-params-start tool-params-delta:{"city": tool-params-delta:"Oslo"} tool-params-end',
    )
    const { out } = run([
      begin(),
      use("toolu_1"),
      json('{"city":"Oslo"}'),
      stop(),
      use("toolu_2", 1),
      stop(1),
      close("tool_use"),
      end,
    ])
    const calls = out.flatMap((part) => (part.type === "tool-call" ? [[part.id, part.params]] : []))
    assert.deepStrictEqual(calls, [
      ["toolu_1", { city: "Oslo" }],
      ["toolu_2", {}],
    ])
    assert.isBelow(
      out.findIndex((part) => part.type === "tool-call"),
      out.findIndex((part) => part.type === "tool-params-start" && part.id === "toolu_2"),
    )
  })

  it("may have all their arguments at the beginning", () => {
    const { out } = run([begin(), use("toolu_1", 0, { city: "Oslo" }), stop(), close("tool_use"), end])
    assert.deepInclude(out.at(-2), { type: "tool-call", params: { city: "Oslo" } })
    const none = run([begin(), start({ type: "tool_use", id: "t", name: "n" }), stop(), close("tool_use"), end])
    assert.deepInclude(none.out.at(-2), { type: "tool-call", params: {} })
  })

  it("that were cut at the token limit are none", () => {
    for (const pieces of [[], [json('{"city":')], [json('{"city":"Oslo"}')]]) {
      for (const reason of ["max_tokens", "model_context_window_exceeded"]) {
        const { error, out } = run([begin(), use("toolu_1"), ...pieces, stop(), close(reason), end])
        assert.isUndefined(error)
        assert.isUndefined(out.find(({ type }) => type === "tool-call"))
        assert.deepInclude(out.at(-1), { type: "finish", reason: "length" })
      }
    }
  })

  it("that are broken otherwise are errors", () => {
    const broken = [begin(), use("toolu_1"), json("{"), stop()]
    assert.strictEqual(run([...broken, close("tool_use")]).error?.reason._tag, "InvalidOutputError")
    assert.strictEqual(run([...broken, use("toolu_2", 1)]).error?.reason._tag, "InvalidOutputError")
    assert.strictEqual(run([...broken, end]).error?.reason._tag, "InvalidOutputError")
    const nameless = start({ type: "tool_use", id: "toolu_1" })
    assert.strictEqual(run([begin(), nameless]).error?.reason._tag, "InvalidResponseError")
    const endless = "x".repeat(longestGathered)
    assert.strictEqual(run([begin(), use("t"), json(endless), json("x")]).error?.reason._tag, "InvalidResponseError")
  })

  it("may come with the beginning of the message", () => {
    const enclosed = begin({
      content: [{ type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Oslo" } }],
      stop_reason: "tool_use",
    })
    const { out } = run([enclosed, end])
    assert.deepInclude(out.at(-2), { type: "tool-call", params: { city: "Oslo" } })
    assert.deepInclude(out.at(-1), { reason: "tool-calls" })
    // Some gateways announce there what then comes as blocks.
    assert.strictEqual(
      shape([begin({ content: [{ type: "text", text: "a" }] }), textBlock, text("a"), stop(), close("end_turn"), end]),
      "response-metadata text-start text-delta:a text-end finish:stop",
    )
    const nameless = begin({ content: [{ type: "tool_use" }] })
    assert.strictEqual(run([nameless, end]).error?.reason._tag, "InvalidResponseError")
  })
})

describe("tools that Anthropic runs", () => {
  const used = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} }
  const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] }
  const events = [
    begin(),
    start(used),
    json('{"query":'),
    json('"a"}'),
    stop(),
    start(found, 1),
    stop(1),
    close("end_turn"),
    end,
  ]

  it("are parts if they were declared", () => {
    const { out } = run(events, [AnthropicTool.webSearch({})])
    assert.deepStrictEqual(
      out.map(({ type }) => type),
      ["response-metadata", "tool-call", "tool-result", "finish"],
    )
    assert.deepInclude(out[1], {
      params: { query: "a" },
      metadata: { anthropic: { block: { ...used, input: { query: "a" } } } },
    })
  })

  it("travel in an empty thought if they were not", () => {
    assert.strictEqual(
      shape(events),
      "response-metadata reasoning-start reasoning-end reasoning-start reasoning-end finish:stop",
    )
    const { out } = run(events)
    assert.deepStrictEqual(out[2]?.metadata, { anthropic: { block: { ...used, input: { query: "a" } } } })
    assert.deepStrictEqual(out[4]?.metadata, { anthropic: { block: found } })
    const broken = run([begin(), start(used), json("{"), stop()])
    assert.deepStrictEqual(broken.out.at(-1)?.metadata, { anthropic: { block: used } })
  })
})

describe("frames that come twice", () => {
  const events: ReadonlyArray<object> = [
    begin(),
    start({ type: "thinking", thinking: "" }),
    delta({ type: "thinking_delta", thinking: "hm" }),
    delta({ type: "signature_delta", signature: "c2ln" }),
    stop(),
    start({ type: "text", text: "" }, 1),
    delta({ type: "text_delta", text: "a" }, 1),
    stop(1),
    use("toolu_1", 2),
    json('{"city":"Oslo"}', 2),
    stop(2),
    close("tool_use"),
    end,
  ]
  const whole = shape(events)

  it.each(events.map((event, index) => [index, (event as { type: string }).type] as const))("%i: %s", (index) => {
    const twice = shape(events.flatMap((event, at) => (at === index ? [event, event] : [event])))
    const kind = (events[index] as { delta?: { type?: string } }).delta?.type
    // Pieces that only add something cannot be told from pieces that are alike, but arguments do not survive it.
    if (kind === "text_delta" || kind === "thinking_delta") assert.notStrictEqual(twice, whole)
    else if (kind === "input_json_delta") assert.include(twice, "InvalidOutputError")
    else assert.strictEqual(twice, whole)
  })

  it("hold no second answer", () => {
    const { error } = run([begin(), textBlock, text("a"), begin({ id: "msg_2" })])
    assert.strictEqual(error?.reason._tag, "InvalidResponseError")
  })
})

describe("a connection that is left open", () => {
  const all = (events: ReadonlyArray<unknown>) => {
    const reader = new MessagesReader(new AnswerState({ origin, declared: providerTools([]) }))
    const open = Stream.concat(Stream.fromIterable(events), Stream.never)
    return Effect.forkChild(Stream.runCollect(mapEvents(open, reader, Effect.succeed)))
  }
  const answer = [begin(), textBlock, text("a"), stop()]
  const unbilled = { ...close("end_turn"), usage: undefined }

  it.effect("ends a complete answer after a short grace, also without its last event", () =>
    Effect.gen(function* () {
      const answers: ReadonlyArray<readonly [millis: number, reason: string, events: ReadonlyArray<unknown>]> = [
        [250, "stop", [...answer, close("end_turn"), end]],
        [250, "stop", [...answer, close("end_turn")]],
        [250, "stop", [...answer, close("end_turn"), { type: "ping" }]],
        [250, "length", [...answer, close("max_tokens")]],
        [250, "pause", [begin(), close("pause_turn")]],
        [250, "tool-calls", [begin(), use("toolu_1"), json("{}"), stop(), close("tool_use")]],
        // Its usage may come in an event of its own.
        [10_000, "stop", [...answer, unbilled]],
        [250, "stop", [...answer, unbilled, { type: "message_delta", delta: {}, usage: { output_tokens: 7 } }]],
        // A reason that came too early may be so again.
        [10_000, "stop", [begin(), close("end_turn"), textBlock, text("a"), stop(), close("end_turn")]],
      ]
      for (const [millis, reason, events] of answers) {
        const fiber = yield* all(events)
        yield* TestClock.adjust(millis - 1)
        if (events.at(-1) !== end) assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(1)
        const parts = yield* Fiber.join(fiber)
        const reasons: ReadonlyArray<string> = parts.flatMap((part) => (part.type === "finish" ? [part.reason] : []))
        assert.deepStrictEqual(reasons, [reason])
      }
    }),
  )

  it.effect("does not end one that is still to come", () =>
    Effect.gen(function* () {
      const answers: ReadonlyArray<ReadonlyArray<unknown>> = [
        answer,
        [begin(), close("end_turn")],
        [begin({ stop_reason: "end_turn" }), textBlock, text("a")],
        [begin(), close("end_turn"), textBlock, text("a")],
        [begin(), start({ type: "thinking", thinking: "" }), stop(), close("end_turn")],
      ]
      for (const events of answers) {
        const fiber = yield* all(events)
        yield* TestClock.adjust("1 hour")
        assert.isUndefined(fiber.pollUnsafe())
        yield* Fiber.interrupt(fiber)
      }
    }),
  )
})

describe("broken streams", () => {
  it("have no end", () => {
    const { error, out, reader } = run([begin(), textBlock, text("a"), stop(), close("end_turn")])
    assert.isUndefined(error)
    assert.isFalse(reader.isComplete())
    assert.isUndefined(out.find(({ type }) => type === "finish"))
  })

  it("may lack the ends of blocks", () => {
    assert.strictEqual(
      shape([begin(), textBlock, text("a"), use("toolu_1", 1), json("{}", 1), close("tool_use"), end]),
      "response-metadata text-start text-delta:a tool-params-start tool-params-delta:{} text-end tool-params-end tool-call finish:tool-calls",
    )
  })

  it("may tell their usage in between", () => {
    const soFar = { type: "message_delta", delta: {}, usage: { output_tokens: 1 } }
    const { out } = run([begin(), textBlock, text("a"), soFar, text("b"), stop(), close("end_turn"), end])
    assert.strictEqual(out.map((part) => ("delta" in part ? part.delta : "")).join(""), "ab")
    assert.deepInclude(out.at(-1), { usage: { inputTokens: { total: 3 }, outputTokens: { total: 7 } } })
  })

  it("may lack much else", () => {
    assert.strictEqual(shape([end]), "finish:unknown")
    assert.strictEqual(shape([{ type: "message_start" }, end]), "response-metadata finish:unknown")
    assert.strictEqual(shape([begin(), { type: "content_block_start" }, stop(), stop(5), end]).split(" ").length, 4)
    assert.strictEqual(shape([begin(), { type: "message_delta" }, end]), "response-metadata finish:unknown")
  })

  it("may hold what nobody knows", () => {
    assert.strictEqual(
      shape([
        begin(),
        { type: "new_event" },
        textBlock,
        delta({ type: "new_delta" }),
        delta({ type: "thinking_delta", thinking: "a" }),
        delta({ type: "signature_delta" }),
        text("a"),
        stop(),
        text("late"),
        start({ type: "thinking", thinking: "" }, 1),
        delta({ type: "text_delta", text: "a" }, 1),
        stop(1),
        close("end_turn"),
        end,
        text("later"),
      ]),
      "response-metadata text-start text-delta:a text-end reasoning-start reasoning-end finish:stop",
    )
  })

  it("that make no sense are errors", () => {
    for (const event of ["text", null, [1]]) {
      assert.strictEqual(run([event]).error?.reason._tag, "InvalidResponseError")
    }
    assert.strictEqual(run([begin(), text("a")]).error?.reason._tag, "InvalidResponseError")
  })

  it("may say why", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "busy" }, request_id: "req_1" }
    const { error: failure, out } = run([begin(), textBlock, text("a"), error])
    assert.lengthOf(out, 3)
    assert.isTrue(AiError.isAiError(failure))
    assert.deepInclude(failure?.reason, { _tag: "InternalProviderError", description: "busy" })
  })

  it.effect("deliver what came before", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const events = Stream.fromIterable([begin(), textBlock, text("a"), { type: "error", error: "gone" }])
      const error = yield* mapEvents(events, new MessagesReader(new AnswerState({ origin })), Effect.succeed).pipe(
        Stream.runForEach((part) => Effect.sync(() => seen.push(part.type))),
        Effect.flip,
      )
      assert.deepStrictEqual(seen, ["response-metadata", "text-start", "text-delta"])
      assert.strictEqual(error.reason._tag, "InternalProviderError")
    }),
  )
})

describe("what nobody could gather", () => {
  it("is not gathered", () => {
    const floods: ReadonlyArray<(at: number) => object> = [
      (at) => start({ type: "text", text: "" }, at),
      (at) => use(`toolu_${at}`, at),
      (at) => start({ type: "unknown" }, at),
    ]
    for (const flood of floods) {
      const { error } = run([begin(), ...Array.from({ length: 10_001 }, (_, at) => flood(at))])
      assert.match(error?.message ?? "", /more than 10000 blocks and calls/)
    }
  })

  it("is counted over all calls", () => {
    const half = "x".repeat(longestGathered / 2)
    const { error } = run([begin(), use("a"), json(half), use("b", 1), json(half, 1), use("c", 2), json("x", 2)])
    assert.match(error?.message ?? "", /exceeds/)
  })

  it("is not nested deeper than anyone writes, nor two calls with one id", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`)
    assert.match(run([begin({ usage: { deep } })]).error?.message ?? "", /too deeply/)
    assert.match(run([begin(), use("a"), use("a", 1), stop(1), close("tool_use")]).error?.message ?? "", /one id/)
  })

  it("cannot change a prototype", () => {
    const input: unknown = JSON.parse('{ "__proto__": { "polluted": true } }')
    const { error } = run([begin(), use("a", 0, input), stop(), close("tool_use"), end])
    assert.strictEqual(error?.reason._tag, "InvalidOutputError")
  })
})

describe("gateways", () => {
  it("may use the index of a block again", () => {
    const again = [
      begin(),
      textBlock,
      text("a"),
      stop(),
      textBlock,
      text("b"),
      stop(),
      use("toolu_1"),
      json("{}"),
      stop(),
    ]
    for (const events of [again, again.filter(({ type }) => type !== "content_block_stop")]) {
      const { error, out } = run([...events, close("tool_use"), end])
      assert.isUndefined(error)
      assert.strictEqual(out.map((part) => (part.type === "text-delta" ? part.delta : "")).join(""), "ab")
      assert.strictEqual(out.filter(({ type }) => type === "tool-call").length, 1)
      const ids = out.flatMap((part) => (part.type === "text-start" ? [part.id] : []))
      assert.strictEqual(new Set(ids).size, 2)
    }
  })

  it("may send arguments as an object, or fail", () => {
    const called = (...pieces: ReadonlyArray<unknown>) =>
      run([
        begin(),
        use("toolu_1"),
        ...pieces.map((partial_json) => delta({ type: "input_json_delta", partial_json })),
        stop(),
        close("tool_use"),
        end,
      ])
    const params = (out: ReadonlyArray<Part>) => out.flatMap((part) => (part.type === "tool-call" ? [part.params] : []))
    assert.deepStrictEqual(params(called({ x: 1 }).out), [{ x: 1 }])
    for (const piece of ["null", "", " ", null, undefined, "{}", {}]) {
      assert.deepStrictEqual(params(called(piece).out), [{}])
    }
    for (const piece of [[1], "[1]", 5, true, '"text"']) {
      assert.strictEqual(called(piece).error?.reason._tag, "InvalidOutputError")
    }
    for (const input of ['{"x":1}', { x: 1 }]) {
      assert.deepStrictEqual(params(run([begin(), use("t", 0, input), stop(), close("tool_use"), end]).out), [{ x: 1 }])
    }
  })

  it("may count nothing, or only at one end", () => {
    const totals = (first: unknown, last: unknown) => {
      const { out } = run([
        begin({ usage: first }),
        textBlock,
        text("a"),
        stop(),
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: last },
        end,
      ])
      const finish = out.find((part) => part.type === "finish")
      return [finish?.usage.inputTokens.total, finish?.usage.outputTokens.total]
    }
    const real = { input_tokens: 3, output_tokens: 7 }
    const zeros = { input_tokens: 0, output_tokens: 0 }
    for (const [first, last] of [
      [zeros, real],
      [real, zeros],
      [real, {}],
      [{}, real],
      [real, { input_tokens: "3", output_tokens: null }],
    ]) {
      assert.deepStrictEqual(totals(first, last), [3, 7])
    }
    assert.deepStrictEqual(totals(zeros, zeros), [undefined, undefined])
    assert.deepStrictEqual(totals({ input_tokens: "3" }, { output_tokens: "7" }), [undefined, undefined])
  })
})
