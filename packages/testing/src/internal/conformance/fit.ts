/**
 * A model that is held to a JSON schema: what it writes for a value.
 */
import { field, list, record } from "@holdfast/core/provider/Json"
import { Predicate } from "effect"

const resolved = (schema: unknown, root: unknown): unknown => {
  const reference = field(schema, "$ref")
  if (!Predicate.isString(reference)) return schema
  const path = reference.split("/").slice(1)
  return resolved(
    path.reduce<unknown>((found, step) => field(found, step), root),
    root,
  )
}

/** A value in the shape that a schema wants, or `undefined` if it cannot be put into it. */
export const fit = (value: unknown, schema: unknown, root: unknown): unknown => {
  const node = resolved(schema, root)
  const alternatives = [...list(node, "anyOf"), ...list(node, "oneOf")]
  if (alternatives.length > 0) {
    const fitting = alternatives.map((one) => fit(value, one, root))
    return fitting.find((one, at) => one !== undefined && accepts(one, alternatives[at], root))
  }
  // The strictest of vendors wants all properties, and takes null for what is left out.
  if (value === undefined) return accepts(null, node, root) ? null : undefined
  if (field(node, "type") === "array") return fitList(value, node, root)
  return record(field(node, "properties")) === undefined ? value : fitObject(value, node, root)
}

const fitList = (value: unknown, node: unknown, root: unknown): unknown => {
  const items = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : entriesOf(value)
  const first = list(node, "prefixItems")
  return items?.map((item, at) => fit(item, first[at] ?? field(node, "items"), root))
}

// Records are lists of entries where the vendor knows no others.
const entriesOf = (value: unknown): ReadonlyArray<unknown> | undefined => {
  const fields = record(value)
  return fields === undefined ? undefined : Object.entries(fields)
}

const fitObject = (value: unknown, node: unknown, root: unknown): unknown => {
  const properties = record(field(node, "properties")) ?? {}
  const required = list(node, "required")
  // Tuples are objects where the vendor knows no others.
  const fields = Array.isArray(value) ? fieldsOfTuple(value, properties) : record(value)
  if (fields === undefined) return undefined
  const rest = Object.entries(fields).filter(([name]) => properties[name] === undefined)
  return Object.fromEntries([
    ...Object.entries(properties).flatMap(([name, property]): ReadonlyArray<readonly [string, unknown]> =>
      fields[name] === undefined && !required.includes(name) ? [] : [[name, fit(fields[name], property, root)]],
    ),
    ...rest,
  ])
}

const fieldsOfTuple = (values: ReadonlyArray<unknown>, properties: { readonly [name: string]: unknown }) => {
  const fixed = Object.keys(properties).filter((name) => /^\d+$/.test(name)).length
  const fields = Object.fromEntries(values.slice(0, fixed).map((value, at) => [String(at), value]))
  return "__rest__" in properties ? { ...fields, __rest__: values.slice(fixed) } : fields
}

const typeOf = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value === "number" ? "number" : typeof value

/** Whether a value fits a schema, as far as vendors hold their models to it. */
export const accepts = (value: unknown, schema: unknown, root: unknown): boolean => {
  const node = resolved(schema, root)
  const alternatives = [...list(node, "anyOf"), ...list(node, "oneOf")]
  if (alternatives.length > 0 && !alternatives.some((one) => accepts(value, one, root))) return false
  if (list(node, "allOf").some((one) => !accepts(value, one, root))) return false
  const type = field(node, "type")
  if (type === "integer" ? !Number.isInteger(value) : type !== undefined && type !== typeOf(value)) return false
  const values = field(node, "enum")
  if (Array.isArray(values) && !values.includes(value)) return false
  if (Array.isArray(value)) return acceptsList(value, node, root)
  return record(value) === undefined || acceptsObject(value as never, node, root)
}

const acceptsList = (items: ReadonlyArray<unknown>, node: unknown, root: unknown): boolean => {
  const first = list(node, "prefixItems")
  return items.every((item, at) => accepts(item, first[at] ?? field(node, "items") ?? {}, root))
}

const acceptsObject = (value: { readonly [name: string]: unknown }, node: unknown, root: unknown): boolean => {
  const properties = record(field(node, "properties")) ?? {}
  const others = field(node, "additionalProperties")
  return (
    list(node, "required").every((name) => value[String(name)] !== undefined) &&
    Object.entries(value).every(([name, item]) => {
      const property = properties[name]
      if (property !== undefined) return accepts(item, property, root)
      return others !== false && (record(others) === undefined || accepts(item, others, root))
    })
  )
}
