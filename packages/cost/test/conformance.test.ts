import { ResilientModel } from "@holdfast/core"
import * as PolicyConformance from "@holdfast/testing/PolicyConformance"
import { Layer } from "effect"

import * as Budget from "../src/Budget.ts"
import * as Cheapest from "../src/Cheapest.ts"
import * as Ledger from "../src/Ledger.ts"
import * as PriceBook from "../src/PriceBook.ts"
import { dear, money, pricing } from "./budgeted.ts"

const needs = ResilientModel.connect(Layer.merge(pricing, Ledger.layerMemory()))

const within = (daily: bigint) =>
  Budget.enforce({ name: "team", daily: money(daily), whenUnknown: PriceBook.worstCase(dear) })

const subjects: ReadonlyArray<PolicyConformance.Subject> = [
  { name: "Budget.enforce", policy: (model) => needs(within(1_000_000n)(model)), measuresTime: true },
  {
    name: "Budget.record",
    policy: (model) => needs(Budget.record({ whenUnknown: PriceBook.worstCase(dear) })(model)),
    measuresTime: true,
  },
  {
    name: "Budget.orElse",
    policy: (model, other) => needs(within(1_000_000n)(model).pipe(Budget.orElse(other))),
    opens: 2,
    measuresTime: true,
  },
  {
    name: "Cheapest.of",
    policy: (model, other) => needs(Cheapest.of([model, other], { whenUnknown: PriceBook.worstCase(dear) })),
    measuresTime: true,
  },
]

for (const subject of subjects) PolicyConformance.suite(subject)
