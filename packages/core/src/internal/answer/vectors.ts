/** What is wrong with the vectors of so many texts, in words for the error. */
export const vectorsMistake = (vectors: ReadonlyArray<ReadonlyArray<number>>, texts: number): string | undefined => {
  if (vectors.length !== texts) return `${vectors.length} vectors for ${texts} texts`
  const dimensions = vectors[0]?.length ?? 0
  if (dimensions === 0) return "a vector without numbers"
  for (const vector of vectors) {
    if (vector.length !== dimensions) return `vectors of ${dimensions} and of ${vector.length} numbers`
    if (!vector.every(Number.isFinite)) return "a vector with a number that is not finite"
  }
  return undefined
}
