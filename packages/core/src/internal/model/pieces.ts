/**
 * How a list of texts is cut into requests that a model takes.
 */
import { type RequestLimits } from "../../ModelCall.ts"

/** Consecutive inputs of one request, as the range of their indexes. */
export interface Piece {
  readonly from: number
  readonly to: number
}

/**
 * Cuts texts, in their order, into as few pieces as fit. A text that is likely refused (an empty one, or one longer than the
 * model takes) is a piece of its own, so that others do not fail with it.
 */
export const pieces = (
  inputs: ReadonlyArray<string>,
  limits: RequestLimits | undefined,
  tokensOf: (input: string) => number,
): ReadonlyArray<Piece> => {
  const { maxInputTokens = Infinity, maxInputs = Infinity, maxTokens = Infinity } = limits ?? {}
  const cut: Array<Piece> = []
  let from = 0
  let tokens = 0
  const end = (to: number): void => {
    if (to > from) cut.push({ from, to })
    from = to
    tokens = 0
  }
  inputs.forEach((input, index) => {
    const size = tokensOf(input)
    const doubtful = input === "" || size > Math.min(maxInputTokens, maxTokens)
    if (doubtful || index - from >= Math.max(1, maxInputs) || tokens + size > maxTokens) end(index)
    tokens += size
    if (doubtful) end(index + 1)
  })
  end(inputs.length)
  return cut
}
