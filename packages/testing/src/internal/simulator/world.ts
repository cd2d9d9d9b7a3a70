/**
 * What is shared by all that happens in one simulation.
 */
import { type ModelCall } from "@holdfast/core/ModelCall"
import { type Cause, Context, type Random } from "effect"

import { type Attempt, type Call } from "../../Simulation.ts"
import { generator, hash } from "../seeded.ts"
import { type Settings, SimulatedServer } from "./server.ts"

export class World {
  readonly seed: number
  readonly calls: Array<Call> = []
  readonly attempts: Array<Attempt> = []
  /** A mistake in a stack, which ends the simulation. */
  defect: Cause.Cause<never> | undefined
  private readonly servers = new Map<string, SimulatedServer>()

  constructor(seed: number) {
    this.seed = seed
  }

  /** What stands against a server with these settings. */
  mistakeIn(settings: Settings): string | undefined {
    const known = this.servers.get(settings.name)
    return known === undefined || known.settings === settings
      ? undefined
      : `two models are called ${settings.name}; give each a provider or model of its own`
  }

  /** The server of some settings, which all models with these settings have in common. */
  server(settings: Settings): SimulatedServer {
    const server =
      this.servers.get(settings.name) ?? new SimulatedServer(settings, this.chance(`server ${settings.name}`))
    this.servers.set(settings.name, server)
    return server
  }

  /** Of several models, the one whose server will begin to answer first. */
  soonest<E>(calls: ReadonlyArray<ModelCall<E, "chat">>, now: number): ModelCall<E, "chat"> {
    const waits = calls.map(
      ({ model, provider }) => this.servers.get(`${provider}/${model}`)?.expected(now) ?? Infinity,
    )
    return calls[waits.indexOf(Math.min(...waits))] as ModelCall<E, "chat">
  }

  get all(): ReadonlyArray<SimulatedServer> {
    return [...this.servers.values()]
  }

  /** Numbers from 0 to 1 that nobody else uses. */
  chance(purpose: string): () => number {
    return generator(hash(`${this.seed}/${purpose}`))
  }

  random(purpose: string): Random.Random {
    const chance = this.chance(purpose)
    return { nextDoubleUnsafe: chance, nextIntUnsafe: () => Math.floor((chance() - 0.5) * Number.MAX_SAFE_INTEGER) }
  }
}

/** The simulation that a fiber is part of. */
export const CurrentWorld: Context.Reference<World | undefined> = Context.Reference<World | undefined>(
  "@holdfast/testing/CurrentWorld",
  { defaultValue: () => undefined },
)

/** The call that a fiber makes, by its index. */
export const CurrentCall: Context.Reference<number> = Context.Reference<number>("@holdfast/testing/CurrentCall", {
  defaultValue: () => -1,
})
