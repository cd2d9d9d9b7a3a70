import { describe, expectTypeOf, it } from "@effect/vitest"
import { type Duration } from "effect"

import * as Deadline from "../src/Deadline.ts"
import { type DurationInput } from "../src/DurationInput.ts"

describe("a duration", () => {
  it("is what Effect takes for one", () => {
    expectTypeOf<DurationInput>().toEqualTypeOf<Duration.Input>()
  })

  it("in another form does not compile", () => {
    // @ts-expect-error the unit is spelled out: "5 seconds"
    expectTypeOf(Deadline.total).toBeCallableWith("5 sec")
  })
})
