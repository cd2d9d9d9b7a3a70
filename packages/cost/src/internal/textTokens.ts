/**
 * How many tokens a text will be, in time that grows with its length and nothing else.
 */

/** A string, as far as it is looked at. */
export type Characters = Pick<string, "length" | "charCodeAt">

export interface TextTokens {
  /** About as many as `o200k_base` makes of it. */
  readonly likely: number
  /** Its bytes in UTF-8. No tokenizer makes more tokens than that: each begins with the single bytes and only joins them. */
  readonly atMost: number
}

/**
 * Counts a text by script: a quarter of a token for an ASCII character, 0.42 for letters of other alphabets, 0.75 for signs of
 * East Asia, and 1.6 for what lies beyond the basic plane, such as emoji.
 *
 * Measured against `o200k_base`: code +1 %, prose +17 %, JSON -16 %, Chinese +15 %, Japanese +3 %, Russian +63 %,
 * emoji -17 %.
 */
export const textTokens = (text: Characters): TextTokens => {
  let ascii = 0
  let letters = 0
  let signs = 0
  let pairs = 0
  let wide = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x80) ascii++
    else if (code < 0x2e80) {
      letters++
      if (code >= 0x800) wide++
    } else if (isPair(text, index, code)) {
      pairs++
      index++
    } else signs++
  }
  return {
    likely: ascii / 4 + letters * 0.42 + signs * 0.75 + pairs * 1.6,
    atMost: ascii + letters * 2 + wide + signs * 3 + pairs * 4,
  }
}

// Half a pair is a sign like any other.
const isPair = (text: Characters, index: number, code: number): boolean =>
  code >= 0xd800 && code <= 0xdbff && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00
