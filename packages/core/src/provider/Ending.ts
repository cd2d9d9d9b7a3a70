/**
 * When an answer is over whose end no event announces, as on Chat Completions and at Google.
 *
 * Servers write a reason for the end into chunks that end nothing: into each of them, or into an empty first one. So an
 * answer is over when its stream is, the last reason that says something decides, and content after it counts. A reason
 * matters before that only where the stream does not end: for a connection that breaks, or that is left open.
 *
 * @since 0.1.0
 */

/**
 * What one chunk holds, as far as the end of an answer depends on it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Chunk {
  /** Reasoning is content, but no answer ends with it. */
  readonly content: "none" | "reasoning" | "answer"
  /** Whether it says why the answer ends, and whether that explains an answer without content. */
  readonly reason: "none" | "stop" | "cut"
  /** Whether it holds a usage that says something. */
  readonly usage: boolean
}

const afterEnd = 250
const afterContent = 2000
const unsure = 10_000

/**
 * Watches the chunks of one answer.
 *
 * @since 0.1.0
 * @category models
 */
export class Ending {
  private reason: Chunk["reason"] = "none"
  private usage = false
  private answered = false
  private lastContent: Chunk["content"] = "none"
  /** Whether content came after a reason, so that reasons end nothing here. */
  private isPremature = false

  observe({ content, reason, usage }: Chunk): void {
    if (content !== "none" && this.reason !== "none") this.isPremature = true
    if (reason !== "none") this.reason = reason
    if (usage) this.usage = true
    if (content === "answer") this.answered = true
    this.lastContent = content
  }

  /** Whether there is content besides reasoning. */
  get isAnswered(): boolean {
    return this.answered
  }

  /** Whether a connection that breaks now has lost nothing of the answer. */
  get isComplete(): boolean {
    return this.reason !== "none" && !(this.isPremature && this.lastContent !== "none")
  }

  /**
   * How long more is waited for on a connection that is left open, in milliseconds; none while more must come.
   *
   * **Details**
   *
   * A quarter of a second after a chunk without content, two seconds after one with it, and ten where reasons turned out
   * to end nothing or where the usage is still to come. An answer that has no content yet is not over, unless its reason
   * explains that.
   */
  get grace(): number | undefined {
    if (this.reason === "none" || (this.reason === "stop" && !this.answered)) return undefined
    if (this.isPremature || !this.usage) return unsure
    return this.lastContent === "none" ? afterEnd : afterContent
  }
}
