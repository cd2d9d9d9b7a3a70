/**
 * Scripted models, an emulator of the provider APIs, chaos and a simulator, for tests that need no key and no network.
 *
 * @module @holdfast/testing
 */
export * as BatchHabit from "./BatchHabit.ts"
export * as Chaos from "./Chaos.ts"
export * as Distribution from "./Distribution.ts"
export * as Emulator from "./Emulator.ts"
export * as FileHabit from "./FileHabit.ts"
export * as Fault from "./Fault.ts"
export * as Habit from "./Habit.ts"
export * as Reply from "./Reply.ts"
export * as ScriptedMedia from "./ScriptedMedia.ts"
export * as ScriptedModel from "./ScriptedModel.ts"
export * as Simulation from "./Simulation.ts"
export * as Simulator from "./Simulator.ts"
export * as VirtualTime from "./VirtualTime.ts"
