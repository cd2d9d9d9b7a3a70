/** The errors of the server itself. */
import { type WireError } from "./fields.ts"

export const invalidRequest = (message: string): WireError => ({
  code: "InvalidRequest",
  message,
  status: 400,
  retryable: false,
})

export const tooManyMessages = (most: number): WireError => ({
  code: "TooManyMessages",
  message: `A conversation may have ${most} messages.`,
  status: 400,
  retryable: false,
})

export const bodyTooLarge: WireError = {
  code: "BodyTooLarge",
  message: "The request is too large.",
  status: 413,
  retryable: false,
}

export const bodyTooSlow: WireError = {
  code: "BodyTooSlow",
  message: "The request did not arrive in time.",
  status: 408,
  retryable: true,
}

export const answerNotFound: WireError = {
  code: "AnswerNotFound",
  message: "This answer does not exist, or no longer exists.",
  status: 404,
  retryable: false,
}

export const answerAbandoned: WireError = {
  code: "AnswerAbandoned",
  message: "The answer was stopped because nobody read it.",
  status: 410,
  retryable: false,
}

export const answerTooSlow: WireError = {
  code: "AnswerTooSlow",
  message: "The answer took too long.",
  status: 504,
  retryable: false,
}

export const answerTooLong: WireError = {
  code: "AnswerTooLong",
  message: "The answer became too long.",
  status: 502,
  retryable: false,
}

export const answerLost: WireError = {
  code: "AnswerLost",
  message: "The process that wrote the answer is gone.",
  status: 502,
  retryable: true,
}

export const serverStopping: WireError = {
  code: "ServerStopping",
  message: "The server is stopping.",
  status: 503,
  retryable: true,
  retryAfter: 1_000,
}

export const tooManyConversations = (most: number): WireError => ({
  code: "TooManyConversations",
  message: `One socket may carry ${most} conversations at a time.`,
  status: 429,
  retryable: true,
})

export const answersUnavailable: WireError = {
  code: "AnswersUnavailable",
  message: "The store of the answers cannot be reached.",
  status: 503,
  retryable: true,
  retryAfter: 1_000,
}
