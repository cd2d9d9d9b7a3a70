/**
 * Cuts a text for tokenizers whose work grows with the square of a word's length.
 */

/** A run without a place to cut is cut after so many characters. */
export const maxRun = 256

const maxPiece = 4_096

/**
 * Pieces that are together the text, none longer than 4,096 characters.
 *
 * They end where a space follows a word, which is where tokenizers cut as well, so that counts stay as they are. Only a
 * run of 256 characters without such a place is cut anywhere; that adds a token or so.
 */
export const textPieces = (text: string): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  let start = 0
  let place = 0
  for (let index = 1; index < text.length; index++) {
    if (text.charCodeAt(index) === space && isWord(text.charCodeAt(index - 1))) place = index
    const run = index - Math.max(place, start)
    if (run >= maxRun || index - start >= maxPiece) {
      const cut = place > start ? place : wholePair(text, index)
      pieces.push(text.slice(start, cut))
      start = cut
      place = cut
    }
  }
  if (start < text.length) pieces.push(text.slice(start))
  return pieces
}

const space = 0x20

const isWord = (code: number): boolean => code > space && code !== 0x7f

// Not between the two halves of a pair.
const wholePair = (text: string, index: number): number => {
  const code = text.charCodeAt(index)
  return code >= 0xdc00 && code <= 0xdfff ? index - 1 : index
}
