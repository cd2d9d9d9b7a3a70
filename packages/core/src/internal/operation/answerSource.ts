import { type AnswerSource } from "./mediaServices.ts"

/** Who answered, without what is not known. */
export const answerSource = ({
  model,
  pricedAs,
  provider,
  responseModel,
  startedAt,
}: Omit<AnswerSource, "cached">): AnswerSource => ({
  provider,
  model,
  startedAt,
  ...(pricedAs !== undefined && { pricedAs }),
  ...(responseModel !== undefined && { responseModel }),
})
