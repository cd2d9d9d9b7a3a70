/** The name of a function that was called, as OpenAI takes it. Other providers allow dots, colons and more. */
export const functionName = (name: string, longest: number): string => name.replace(/[^\w-]/g, "_").slice(0, longest)
