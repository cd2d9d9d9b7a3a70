import { Duration, Match } from "effect"

import { type ErrorKind, type Fault } from "../../Fault.ts"
import { bodyFrames, type Conversation, type Draft, type Ending } from "./draft.ts"
import { corrupt, type Frame } from "./frame.ts"
import { withHabit } from "./habits.ts"

const cut = (self: Draft, options: { readonly frames: number; readonly ending: Ending }): Draft => ({
  ...self,
  frames: self.frames.slice(0, Math.max(0, options.frames)),
  whole: self.whole && options.ending !== "end",
  ending: options.ending,
})

const failing = (self: Draft, options: Conversation & { readonly frames: number; readonly kind: ErrorKind }): Draft => {
  const { call, dialect, frames, kind } = options
  const failure = { status: dialect.statusOf(kind), kind, options: {} }
  if (!self.streamed) {
    return { ...self, whole: true, ending: "end", frames: bodyFrames(dialect.errorBody(failure, call)) }
  }
  const sent = self.frames.slice(0, Math.max(0, frames))
  return { ...self, ending: "end", frames: [...sent, ...dialect.errorFrames(failure, call, sent.length)] }
}

const withFrame = (
  self: Draft,
  options: { readonly frame: number; readonly change: (frame: Frame) => ReadonlyArray<Frame> },
): Draft => ({
  ...self,
  frames: self.frames.flatMap((frame, index) => (index === options.frame - 1 ? options.change(frame) : [frame])),
})

const withoutTerminal = (self: Draft): Draft => {
  const terminal = self.frames.findIndex((frame) => frame.terminal)
  return cut(self, { frames: terminal === -1 ? self.frames.length : terminal, ending: "end" })
}

/** What one fault makes of an answer. */
export const applyFault = (self: Draft, fault: Fault, conversation: Conversation): Draft =>
  Match.valueTags(fault, {
    DelayHeaders: ({ duration }) => ({ ...self, beforeHeaders: Duration.fromInputUnsafe(duration) }),
    DelayFirstByte: ({ duration }) => ({ ...self, beforeFirst: Duration.fromInputUnsafe(duration) }),
    DelayFrames: ({ duration }) => ({ ...self, between: Duration.fromInputUnsafe(duration) }),
    HoldAfter: (hold) => ({ ...self, holds: [...self.holds, hold] }),
    EndAfter: ({ frames }) => (frames < self.frames.length ? cut(self, { frames, ending: "end" }) : self),
    CloseAfter: ({ frames }) => cut(self, { frames, ending: "close" }),
    ResetAfter: ({ frames }) => cut(self, { frames, ending: "reset" }),
    StallAfter: ({ frames }) => cut(self, { frames, ending: "stall" }),
    ErrorAfter: ({ frames, kind }) => failing(self, { ...conversation, frames, kind }),
    CorruptFrame: ({ frame }) => withFrame(self, { frame, change: (original) => [corrupt(original)] }),
    DuplicateFrame: ({ frame }) => withFrame(self, { frame, change: (original) => [original, original] }),
    OmitTerminal: () => withoutTerminal(self),
    SplitBytes: ({ bytes }) => ({ ...self, splitBytes: Math.max(1, Math.floor(bytes)) }),
    CarriageReturns: () => ({ ...self, carriageReturns: true }),
    Comments: () => ({ ...self, comments: true }),
    EmptyBody: () => ({ ...self, frames: [] }),
    Habit: ({ name }) => withHabit(self, name, conversation),
    Status: ({ status }) => ({ ...self, status }),
    Headers: ({ headers }) => ({ ...self, headers: { ...self.headers, ...headers } }),
  })
