/**
 * A body of a request that is sent as it is read, so that no file is ever in memory as a whole.
 *
 * @since 0.1.0
 */
/**
 * The bytes of a body, whenever they are asked for.
 *
 * @since 0.1.0
 * @category models
 */
export class UploadBody {
  /** Bytes. `undefined` if it is not known before the end. */
  readonly length: number | undefined
  /** Whether the body may be sent once more, with the same bytes. */
  readonly isRepeatable: boolean
  /** Pieces may share one array: each is of use until the next one is asked for. */
  readonly open: () => AsyncIterable<Uint8Array>

  constructor(options: Pick<UploadBody, "isRepeatable" | "length" | "open">) {
    this.length = options.length
    this.isRepeatable = options.isRepeatable
    this.open = options.open
  }
}

/**
 * A body of bytes that are there already.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofBytes = (...pieces: ReadonlyArray<Uint8Array>): UploadBody =>
  new UploadBody({
    length: pieces.reduce((sum, { byteLength }) => sum + byteLength, 0),
    isRepeatable: true,
    open: () => each(pieces),
  })

/**
 * A form with one file at its end (RFC 7578).
 *
 * @since 0.1.0
 * @category constructors
 */
export const multipart = (
  fields: Readonly<Record<string, string>>,
  file: { readonly field: string; readonly name: string; readonly mediaType: string; readonly body: UploadBody },
  boundary: string,
): { readonly contentType: string; readonly body: UploadBody } => {
  const encoder = new TextEncoder()
  const head = encoder.encode(
    Object.entries(fields)
      .map(
        ([name, value]) =>
          `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(name)}"\r\n\r\n${value}\r\n`,
      )
      .join("") +
      `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(file.field)}"; filename="${quoted(file.name)}"\r\n` +
      `content-type: ${file.mediaType.replace(/[^\x20-\x7e]/g, "")}\r\n\r\n`,
  )
  const tail = encoder.encode(`\r\n--${boundary}--\r\n`)
  const { body } = file
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: new UploadBody({
      length: body.length === undefined ? undefined : head.length + body.length + tail.length,
      isRepeatable: body.isRepeatable,
      open: () => surrounded(head, body, tail),
    }),
  }
}

// As browsers write names in forms: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
const quoted = (name: string): string => name.replace(/\r\n|\r|\n/g, "%0D%0A").replaceAll('"', "%22")

async function* each<A>(pieces: ReadonlyArray<A>): AsyncGenerator<A> {
  yield* pieces
}

/** By hand, because a generator that is waiting for the body could not be told that nobody wants the rest. */
const surrounded = (head: Uint8Array, body: UploadBody, tail: Uint8Array): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => {
    const pieces = body.open()[Symbol.asyncIterator]()
    const before = [head]
    const after = [tail]
    const next = (): Promise<IteratorResult<Uint8Array, undefined>> => {
      const first = before.pop()
      if (first !== undefined) return Promise.resolve({ done: false, value: first })
      return pieces.next().then(({ done, value }) => {
        if (done !== true) return { done: false, value }
        const last = after.pop()
        return last === undefined ? over : { done: false, value: last }
      })
    }
    return { next, return: () => Promise.resolve(pieces.return?.()).then(() => over) }
  },
})

const over = { done: true, value: undefined } as const
