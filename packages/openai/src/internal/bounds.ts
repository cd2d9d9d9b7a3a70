/** The longest text that is gathered before it can be given out, such as the arguments of a tool call. */
export const longestGathered = 8 * 1024 * 1024
