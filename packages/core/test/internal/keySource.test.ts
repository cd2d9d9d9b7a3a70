import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import * as State from "../../src/internal/keySource/state.ts"

type Command =
  | { readonly _tag: "Ask"; readonly after: number }
  | { readonly _tag: "Rotate" }
  | { readonly _tag: "Break"; readonly isDown: boolean }
  | { readonly _tag: "Refuse"; readonly late: boolean }

const commands: fc.Arbitrary<ReadonlyArray<Command>> = fc.array(
  fc.oneof(
    fc.record({ _tag: fc.constant("Ask" as const), after: fc.constantFrom(0, 1, 5, 10, 60, 240, 300, 1000) }),
    fc.record({ _tag: fc.constant("Rotate" as const) }),
    fc.record({ _tag: fc.constant("Break" as const), isDown: fc.boolean() }),
    fc.record({ _tag: fc.constant("Refuse" as const), late: fc.boolean() }),
  ),
  { maxLength: 60 },
)

const pause = 10
const timeToLive = 300

/** A store and a source whose loads take no time. Seconds. */
class World {
  state = State.initial
  now = 0
  version = 1
  isDown = false
  loads: Array<number> = []
  used: string | undefined

  ask(): void {
    for (let round = 0; round < 3; round++) {
      const step = State.step(this.state, this.now)
      if (step === "fail") return void (this.used = undefined)
      if (step === "use") return void (this.used = this.state.known?.key)
      this.load()
      if (step === "refresh") return void (this.used = this.state.known?.key)
    }
    assert.fail("a load that has ended is asked for again")
  }

  private load(): void {
    this.loads.push(this.now)
    const { refusals } = this.state
    if (this.isDown) this.state = State.failed(this.state, this.now, pause)
    else {
      const known = State.knownFrom(`key-${this.version}`, { timeToLive, expires: false }, this.now, pause)
      this.state = State.loaded(this.state, known, { now: this.now, pause, refusals })
    }
  }

  run(command: Command): void {
    if (command._tag === "Rotate") this.version++
    else if (command._tag === "Break") this.isDown = command.isDown
    else if (command._tag === "Ask") {
      this.now += command.after
      this.ask()
    } else if (this.used !== undefined) {
      this.state = State.refuse(this.state, command.late ? "key-0" : this.used, this.now)
    }
  }
}

describe("the decision when a key is loaded", () => {
  it("keeps its promises through every history", () => {
    fc.assert(
      fc.property(commands, (history) => {
        const world = new World()
        world.ask()
        for (const command of history) {
          const before = { loads: world.loads.length, version: world.version, used: world.used }
          world.run(command)
          // Once there was a key, there is always one.
          assert.isDefined(world.used)
          if (command._tag !== "Ask") continue
          assert.isAtMost(world.loads.length - before.loads, 1)
          // A store that answers is never more than one life behind.
          const last = world.loads.at(-1) ?? 0
          if (!world.isDown && world.now - last > timeToLive) assert.fail("an old key was used without a load")
        }
        // A store that is down is left alone for the pause.
        const broken = new World()
        broken.ask()
        broken.isDown = true
        broken.now = timeToLive
        for (let second = 0; second < 2 * pause; second++) {
          broken.ask()
          broken.now++
        }
        assert.isAtMost(broken.loads.length, 3)
      }),
      { seed: 20261128, numRuns: 200 },
    )
  })

  it("gives the new key after a refusal, with one load, unless the store was just found to have none", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 200 }), (refusals, age) => {
        const world = new World()
        world.ask()
        world.now = age
        world.version = 2
        for (let call = 0; call < refusals; call++) {
          world.state = State.refuse(world.state, "key-1", world.now)
          world.ask()
          assert.strictEqual(world.used, "key-2")
        }
        assert.lengthOf(world.loads, 2)
      }),
      { seed: 20261128, numRuns: 50 },
    )
  })
})
