import * as Answers from "@holdfast/core/provider/AnswerState"

import { type Dialect } from "./dialect.ts"

export interface AnswerOptions extends Answers.Options {
  readonly dialect: Dialect
  /** What ids of calls begin with that the server did not give. */
  readonly fallbackId?: string | undefined
  /** Whether several choices were asked for, of which the first is read. */
  readonly hasChoices?: boolean | undefined
}

/** What reading an answer needs, and what it finds out on the way. */
export class AnswerState extends Answers.AnswerState {
  readonly dialect: Dialect
  readonly hasChoices: boolean
  private readonly fallbackId: string
  refusal = ""
  /** Whether the model calls a tool. */
  calls = false
  sources = 0

  constructor({ dialect, fallbackId = "call", hasChoices = false, ...options }: AnswerOptions) {
    super(options)
    this.dialect = dialect
    this.hasChoices = hasChoices
    this.fallbackId = fallbackId
  }

  /** The id of a call: the server's, or one of ours if it gave none, or gave the same to another call. */
  callId(given: string | undefined): string {
    const id = given === undefined || this.isClaimed(given) ? `${this.fallbackId}_${this.callCount}` : given
    void this.claim(id)
    return id
  }
}
