import { Effect } from "effect"
import { interleaved, median, ratio } from "./measure.ts"
import { stacks } from "./policies.ts"
const c = await Effect.runPromise(Effect.scoped(stacks))
const whole = await interleaved(c, 15)
const over = (name: any, base: any) => (whole as any)[name].map((time: number, round: number) => time - ((whole as any)[base][round] ?? 0))
for (const n of Object.keys(whole)) console.log(n, median((whole as any)[n]).toFixed(3))
console.log("stack7", ratio(over("seven", "bare"), whole.cockatiel4), median(over("seven","bare")))
console.log("stock4", ratio(over("stock", "bare"), whole.cockatiel4))
