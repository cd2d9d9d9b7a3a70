import * as Answers from "@holdfast/core/provider/AnswerState"

/** What reading an answer needs, and what it finds out on the way. */
export class AnswerState extends Answers.AnswerState {
  refusal = ""
  /** Whether the model calls a tool of the caller's. */
  calls = false
  sources = 0
}
