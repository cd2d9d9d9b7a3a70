/** A name of an answer's format as the APIs allow it: 1 to 64 letters, digits, underscores and dashes. */
export const formatName = (objectName: string): string => {
  const name = objectName.replace(/[^\w-]+/g, "_").slice(0, 64)
  return name === "" ? "answer" : name
}
