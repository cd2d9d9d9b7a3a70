/** Answers that are over and stay for readers who come back: the oldest make room. */
export class Finished {
  private readonly sizes = new Map<string, number>()
  private total = 0
  private readonly most: number
  private readonly gone: (name: string) => void

  constructor(most: number, gone: (name: string) => void) {
    this.most = most
    this.gone = gone
  }

  add(name: string, size: number): void {
    this.sizes.set(name, size)
    this.total += size
    for (const oldest of this.sizes.keys()) {
      if (this.total <= this.most) return
      this.remove(oldest)
    }
  }

  remove(name: string): void {
    const size = this.sizes.get(name)
    if (size === undefined) return
    this.sizes.delete(name)
    this.total -= size
    this.gone(name)
  }
}
