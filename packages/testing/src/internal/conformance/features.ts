import { Effect, Option, Schema } from "effect"

/** One thing that a schema can have, with values and what they are in JSON. */
export interface Feature {
  readonly name: string
  readonly schema: Schema.Codec<unknown, unknown>
  readonly values: ReadonlyArray<readonly [value: unknown, json: unknown]>
}

class Place extends Schema.Class<Place>("Place")({ city: Schema.String }) {}

interface Tree {
  readonly name: string
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({
  name: Schema.String,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree)),
})

const nested = (levels: number): Schema.Codec<unknown, unknown> =>
  levels === 0 ? Schema.String : (Schema.Struct({ a: nested(levels - 1) }) as never)
const deep = (levels: number): unknown => (levels === 0 ? "x" : { a: deep(levels - 1) })

const of = (
  name: string,
  schema: Schema.Constraint,
  ...values: ReadonlyArray<readonly [value: unknown, json: unknown]>
): Feature => ({ name, schema: Schema.Struct({ it: schema as never }) as never, values })

const same = (...values: ReadonlyArray<unknown>) => values.map((value) => [value, value] as const)

const date = new Date("2030-01-02T00:00:00.000Z")

/** Everything that a schema can have. Each is the field `it` of a struct. */
export const features: ReadonlyArray<Feature> = [
  of("`optionalKey`", Schema.optionalKey(Schema.String), ...same("x", undefined)),
  of("`optional`", Schema.optional(Schema.String), ["x", "x"], [undefined, undefined], [undefined, null]),
  of("`NullOr`", Schema.NullOr(Schema.String), ...same("x", null)),
  of("`UndefinedOr`", Schema.UndefinedOr(Schema.String), ["x", "x"], [undefined, null]),
  of("a default", Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("y"))), ["x", "x"], ["y", undefined]),
  of("`Date`", Schema.Date, [date, date.toISOString()]),
  of("`DateFromString`", Schema.DateFromString, [date, date.toISOString()]),
  of("`BigInt`", Schema.BigInt, [12_345_678_901_234_567_890n, "12345678901234567890"]),
  of("`Number`", Schema.Number, ...same(1.5, -3)),
  of("a refinement", Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10 })), ...same(3)),
  of("a pattern", Schema.String.check(Schema.isPattern(/^[a-z]+$/)), ...same("abc")),
  of("a brand", Schema.String.pipe(Schema.brand("Id")), ...same("abc")),
  of("`FiniteFromString`", Schema.FiniteFromString, [12, "12"]),
  of("`Trim`", Schema.Trim, ["x", " x "]),
  of("literals", Schema.Literals(["a", "b"]), ...same("a", "b")),
  of("an enum", Schema.Enum({ A: "x", B: "y" }), ...same("x", "y")),
  of("a union of primitives", Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]), ...same("x", 1, false)),
  of(
    "a tagged union",
    Schema.Union([
      Schema.TaggedStruct("A", { a: Schema.String }),
      Schema.TaggedStruct("B", { b: Schema.optionalKey(Schema.Finite) }),
    ]),
    ...same({ _tag: "A", a: "x" }, { _tag: "B", b: 1 }, { _tag: "B" }),
  ),
  of("a record", Schema.Record(Schema.String, Schema.Finite), ...same({ x: 1, y: 2 }, {})),
  of(
    "a struct with a rest",
    Schema.StructWithRest(Schema.Struct({ a: Schema.String }), [Schema.Record(Schema.String, Schema.String)]),
    ...same({ a: "x", b: "y" }),
  ),
  of("a tuple", Schema.Tuple([Schema.String, Schema.Finite]), ...same(["x", 1])),
  of("a tuple with a rest", Schema.TupleWithRest(Schema.Tuple([Schema.String]), [Schema.Finite]), ...same(["x", 1, 2])),
  of(
    "an array with bounds",
    Schema.Array(Schema.String).check(Schema.isMinLength(1), Schema.isMaxLength(3)),
    ...same(["x", "y"]),
  ),
  of("a class", Place, [new Place({ city: "Oslo" }), { city: "Oslo" }]),
  of(
    "`Option`",
    Schema.Option(Schema.String),
    [Option.some("x"), { _tag: "Some", value: "x" }],
    [Option.none(), { _tag: "None" }],
  ),
  of("a map", Schema.ReadonlyMap(Schema.String, Schema.Finite), [new Map([["x", 1]]), [["x", 1]]]),
  of("a set", Schema.ReadonlySet(Schema.String), [new Set(["x"]), ["x"]]),
  of("bytes", Schema.Uint8Array, [new Uint8Array([1, 2, 3]), "AQID"]),
  of("`URL`", Schema.URL, [new URL("https://a.b/c"), "https://a.b/c"]),
  of("an empty struct", Schema.Struct({}), ...same({})),
  of("recursion", Tree, ...same({ name: "a", children: [{ name: "b", children: [] }] })),
  of("eight levels", nested(8), ...same(deep(8))),
  of("thirty levels", nested(30), ...same(deep(30))),
  of("`Unknown`", Schema.Unknown, ...same("x", { a: [1, null] })),
  of("`Json`", Schema.Json, ...same("x", { a: [1, null] })),
]
