/** What is wrong with a key. `fetch` would put one that it cannot send into the message of its error. */
export const keyMistakeIn = (key: string): string | undefined => {
  if (key === "") return "is empty"
  return /^[\x21-\x7e]+$/.test(key) ? undefined : "has characters that cannot be sent in a header"
}
