import * as Answers from "@holdfast/core/provider/AnswerState"

/** The key of our metadata. */
const key = "anthropic"

/** What reading an answer needs, and what it finds out on the way. */
export class AnswerState extends Answers.AnswerState {
  sources = 0

  constructor(options: Omit<Answers.Options, "key">) {
    super({ ...options, key })
  }
}

/** Our metadata, without what is undefined. */
export const metadata = (fields: Record<string, unknown>): Answers.Metadata => Answers.metadata(key, fields)
