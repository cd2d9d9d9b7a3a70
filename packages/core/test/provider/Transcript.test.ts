import { assert, describe, it } from "@effect/vitest"
import { Prompt } from "effect/ai"
import * as fc from "fast-check"

import { Refusals } from "../../src/provider/Refusals.ts"
import { type Options, transcript } from "../../src/provider/Transcript.ts"

const call = (id: string, name = "t"): Prompt.ToolCallPartEncoded => ({ type: "tool-call", id, name, params: {} })
const result = (id: string, value: unknown = id, name = "t"): Prompt.ToolResultPartEncoded => ({
  type: "tool-result",
  id,
  name,
  isFailure: false,
  result: value,
})
const said = (
  ...content: ReadonlyArray<Prompt.ToolCallPartEncoded | Prompt.TextPartEncoded>
): Prompt.MessageEncoded => ({
  role: "assistant",
  content: [...content],
})
const ran = (...content: ReadonlyArray<Prompt.ToolResultPartEncoded>): Prompt.MessageEncoded => ({
  role: "tool",
  content,
})
const user = (content: string): Prompt.MessageEncoded => ({ role: "user", content })

const convert = (messages: ReadonlyArray<Prompt.MessageEncoded>, options: Partial<Options> = {}) => {
  const refusals = new Refusals("test", "m")
  const turns = transcript(Prompt.make(messages), { callId: (id) => id, refusals, ...options })
  const { first } = refusals
  return { turns, refused: first?._tag === "UnsupportedOption" ? first.option : undefined }
}

/** Each message as its role, and each call and result as its id, with the value of results. */
const shape = (messages: ReadonlyArray<Prompt.MessageEncoded>, options?: Partial<Options>) =>
  convert(messages, options).turns.map(({ message }) => {
    const content = typeof message.content === "string" ? [] : message.content
    const own = content.flatMap((part) =>
      part.type === "tool-call"
        ? [part.id]
        : part.type === "tool-result"
          ? [`${part.id}=${part.isFailure ? "failure" : String(part.result)}`]
          : [],
    )
    return [message.role as string].concat(own)
  })

describe("calls and their results", () => {
  it("that are in order stay as they are", () => {
    const messages = [user("hi"), said(call("a"), call("b")), ran(result("a"), result("b")), said()]
    assert.deepStrictEqual(shape(messages), [["user"], ["assistant", "a", "b"], ["tool", "a=a", "b=b"], ["assistant"]])
    const marked = { ...ran(result("a")), options: { anthropic: { cacheControl: true as const } } }
    const { turns } = convert([said(call("a")), user("late"), marked])
    assert.deepStrictEqual(
      turns.map(({ at, message }) => [at, message.options]),
      [
        [0, {}],
        [2, marked.options],
        [1, {}],
      ],
    )
  })

  it("come together wherever the results were", () => {
    assert.deepStrictEqual(
      shape([said(call("a"), call("b")), user("wait"), ran(result("b")), ran(result("a")), user("go on")]),
      [["assistant", "a", "b"], ["tool", "a=a", "b=b"], ["user"], ["user"]],
    )
    assert.deepStrictEqual(shape([said(call("a")), said(call("b")), ran(result("a"), result("b"))]), [
      ["assistant", "a"],
      ["tool", "a=a"],
      ["assistant", "b"],
      ["tool", "b=b"],
    ])
  })

  it("that are missing are failures, and the last of several counts", () => {
    assert.deepStrictEqual(shape([said(call("a"), call("b")), ran(result("b")), user("go on")]), [
      ["assistant", "a", "b"],
      ["tool", "a=failure", "b=b"],
      ["user"],
    ])
    assert.deepStrictEqual(shape([said(call("a")), user("go on")]), [
      ["assistant", "a"],
      ["tool", "a=failure"],
      ["user"],
    ])
    assert.deepStrictEqual(shape([said(call("a")), ran(result("a", "old"), result("a", "new"))]), [
      ["assistant", "a"],
      ["tool", "a=new"],
    ])
    // What is to be made of them is not known yet.
    assert.deepStrictEqual(shape([user("hi"), said(call("a"))]), [["user"], ["assistant", "a"]])
  })

  it("with ids that were used before get others", () => {
    const twice = [said(call("0")), ran(result("0", "x")), said(call("0")), ran(result("0", "y"))]
    assert.deepStrictEqual(shape(twice), [
      ["assistant", "0"],
      ["tool", "0=x"],
      ["assistant", "0_2"],
      ["tool", "0_2=y"],
    ])
    const together = [said(call("0", "a"), call("0", "b")), ran(result("0", "y", "b"), result("0", "x", "a"))]
    assert.deepStrictEqual(shape(together), [
      ["assistant", "0", "0_2"],
      ["tool", "0=x", "0_2=y"],
    ])
    assert.deepStrictEqual(shape([said(call(""), call("")), ran(result("", 1), result("", 2))]), [
      ["assistant", "call_1", "call_2"],
      ["tool", "call_1=1", "call_2=2"],
    ])
    const callId = (id: string) => id.replace(/\W/g, "_")
    assert.deepStrictEqual(shape([said(call("a.b"), call("a_b")), ran(result("a_b"), result("a.b"))], { callId }), [
      ["assistant", "a_b", "a_b_2"],
      ["tool", "a_b=a.b", "a_b_2=a_b"],
    ])
  })

  it("without a call are refused, unless the vendor has it", () => {
    const late = [user("hi"), ran(result("a"))]
    assert.strictEqual(convert(late).refused, "prompt[1].tool-result.a")
    assert.strictEqual(convert([ran(result("a")), said(call("a")), user("x")]).refused, "prompt[0].tool-result.a")
    assert.isUndefined(convert(late, { continued: true }).refused)
    assert.deepStrictEqual(shape(late, { continued: true, callId: (id) => `${id}!` }), [["user"], ["tool", "a!=a"]])
  })

  it("of the provider's own tools are left alone", () => {
    const own = { ...call("ws"), providerExecuted: true }
    assert.deepStrictEqual(shape([said(own), user("go on")]), [["assistant", "ws"], ["user"]])
  })

  it("may have names that the vendor does not take", () => {
    const { turns } = convert([said(call("a", "x.y")), ran(result("a", 1, "x.y"))], {
      name: (name) => name.replace(".", "_"),
    })
    const names = turns.flatMap(({ message }) =>
      typeof message.content === "string" ? [] : message.content.map((part) => ("name" in part ? part.name : "")),
    )
    assert.deepStrictEqual(names, ["x_y", "x_y"])
  })
})

const ids = fc.constantFrom("a", "b", "a.", "")
const messages = fc.array(
  fc.oneof(
    fc.constant(user("go on")),
    fc
      .array(
        ids.map((id) => call(id)),
        { maxLength: 3 },
      )
      .map((calls) => said(...calls)),
    fc
      .array(
        ids.map((id) => result(id)),
        { minLength: 1, maxLength: 3 },
      )
      .map((results) => ran(...results)),
  ),
  { maxLength: 8 },
)

describe("any history", () => {
  it("has each call once, with exactly one result right after its message", () => {
    fc.assert(
      fc.property(messages, (history) => {
        const { refused } = convert(history)
        if (refused !== undefined) return
        const callId = (id: string) => id.replace(/\W/g, "_")
        const sent = shape([...history, user("end")], { callId })
        const calls = sent.flatMap(([role, ...own]) => (role === "assistant" ? own : []))
        assert.lengthOf(new Set(calls), calls.length)
        for (const [at, [role, ...own]] of sent.entries()) {
          const next = sent[at + 1] ?? []
          if (role === "assistant" && own.length > 0) {
            assert.deepStrictEqual(
              next.slice(1).map((found) => found.split("=")[0]),
              own,
            )
          }
          if (role === "tool") assert.strictEqual(sent[at - 1]?.[0], "assistant")
        }
      }),
      { seed: 20, numRuns: 300 },
    )
  })
})
