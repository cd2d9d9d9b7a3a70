export const openaiErrors = "https://platform.openai.com/docs/guides/error-codes"
export const anthropicErrors = "https://platform.claude.com/docs/en/api/errors"
export const googleErrors = "https://ai.google.dev/gemini-api/docs/generate-content/api-errors"

/** The body of an error, as most servers write it. */
export const error = (message: string, fields: object = {}): unknown => ({ error: { message, ...fields } })
