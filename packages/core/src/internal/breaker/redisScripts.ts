import { atomic } from "../redis.ts"
/**
 * What a breaker decides where its state is in Redis: `breakerState.ts` once more, as scripts that run in one step each.
 *
 * A circuit is one key that holds its state as JSON. Times are whole milliseconds of the server. A suite compares each
 * decision of the scripts with that of the kernel.
 */
import { idle } from "./registry.ts"

/** What a script decided, and the circuit afterwards: its mode, phase and epoch, and what belongs to the phase. */
export type Answer = readonly [
  decision: number,
  detail: number,
  mode: string,
  phase: string,
  epoch: number,
  ...ofPhase: ReadonlyArray<number>,
]

const circuit = `
local rules = cjson.decode(ARGV[2])
local time = math.floor(now())
local stored = redis.call("GET", KEYS[1])
local circuit = { mode = "normal", phase = "Closed", epoch = 0, openings = 0, openFor = 0, consecutive = 0, window = {} }
if stored then circuit = cjson.decode(stored) end

-- How long nobody has to use it until it is forgotten. A mode was set by somebody, and is kept for a month.
local function save()
  local keep = ${idle} + circuit.openFor + (rules.window and rules.window.millis or 0)
  if circuit.mode ~= "normal" then keep = math.max(keep, ${30 * 24 * idle}) end
  redis.call("SET", KEYS[1], cjson.encode(circuit), "PX", math.ceil(keep))
end

local function become(phase, fields)
  fields.phase, fields.mode, fields.epoch = phase, circuit.mode, circuit.epoch + 1
  fields.openings = fields.openings or circuit.openings
  fields.openFor = fields.openFor or circuit.openFor
  circuit = fields
end

-- Until when probes hold a place, the earliest first.
local function held()
  local places = {}
  for _, probe in ipairs(circuit.probes) do
    if probe[2] > time then table.insert(places, probe[2]) end
  end
  table.sort(places)
  return places
end

local function answer(decision, detail)
  local all = { decision, math.ceil(detail), circuit.mode, circuit.phase, circuit.epoch }
  if circuit.phase == "Closed" then
    table.insert(all, circuit.since and time - circuit.since or -1)
  elseif circuit.phase == "Open" then
    table.insert(all, circuit.endsAt - time)
  else
    table.insert(all, circuit.succeeded)
    table.insert(all, circuit.failed)
    for _, place in ipairs(held()) do table.insert(all, place - time) end
  end
  return all
end
`

const places = `
-- How long all places are taken, by probes and by verdicts.
local function untilPlace()
  local places = held()
  local tooMany = #places + circuit.succeeded + circuit.failed - rules.probes
  if tooMany < 0 then return 0 end
  return (places[tooMany + 1] or time + rules.lease) - time
end
`

/** Decides 1 and the number of the probe (0 if it is none), or 0 and how long to stay away. Takes the chance of a ramp. */
export const admit = atomic<Answer>(`${circuit}${places}
local chance = tonumber(ARGV[3])

local function share()
  if not circuit.since or time - circuit.since >= rules.ramp then return 1 end
  return 0.1 + 0.9 * ((time - circuit.since) / rules.ramp)
end

if circuit.mode ~= "normal" then
  save()
  if circuit.mode == "forcedOpen" then return answer(0, 60000) end
  return answer(1, 0)
end
if circuit.phase == "Closed" then
  if chance < share() then return answer(1, 0) end
  return answer(0, math.max(1, rules.ramp / 10))
end
local wait = circuit.phase == "Open" and circuit.endsAt - time or circuit.phase == "HalfOpen" and untilPlace()
if wait > 0 then return answer(0, math.max(1, wait)) end
if circuit.phase == "Open" then become("HalfOpen", { probes = {}, started = 0, succeeded = 0, failed = 0 }) end
circuit.started = circuit.started + 1
while #circuit.probes >= rules.probes * 100 do table.remove(circuit.probes, 1) end
table.insert(circuit.probes, { circuit.started, time + rules.lease })
save()
return answer(1, circuit.started)
`)

/** Decides the number of the opening that is due, or 0. Takes the ticket, the outcome, and whether it was slow and a stream. */
export const record = atomic<Answer>(`${circuit}${places}
local epoch, number, outcome = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local slow, streamed = ARGV[6] == "1", ARGV[7] == "1"

-- Of a span of time: { number, calls, failures, slow } of each tenth. Of the last calls: 1 for a failure, 2 for a slow one.
local function slice()
  return math.floor(time * 10 / rules.window.millis)
end

local function addToTime(calls, failures, slows)
  local last = circuit.window[#circuit.window]
  if not last or last[1] ~= slice() then
    local recent = {}
    for _, each in ipairs(circuit.window) do
      if each[1] > slice() - 10 then table.insert(recent, each) end
    end
    last = { slice(), 0, 0, 0 }
    table.insert(recent, last)
    circuit.window = recent
  end
  last[2], last[3], last[4] = last[2] + calls, last[3] + failures, last[4] + slows
end

local function add(failed, slow)
  if rules.window._tag == "Time" then return addToTime(1, failed, slow) end
  table.insert(circuit.window, failed + 2 * slow)
  while #circuit.window > rules.window.calls do table.remove(circuit.window, 1) end
end

local function amend()
  if rules.window._tag == "Time" then return addToTime(0, 1, 0) end
  for index = #circuit.window, 1, -1 do
    if circuit.window[index] % 2 == 0 then
      circuit.window[index] = circuit.window[index] + 1
      return
    end
  end
end

local function counts()
  local calls, failures, slows = 0, 0, 0
  for _, each in ipairs(circuit.window) do
    if rules.window._tag == "Calls" then
      calls, failures, slows = calls + 1, failures + each % 2, slows + math.floor(each / 2)
    elseif each[1] > slice() - 10 then
      calls, failures, slows = calls + each[2], failures + each[3], slows + each[4]
    end
  end
  return calls, failures, slows
end

local function tripped()
  if rules.consecutive and circuit.consecutive >= rules.consecutive then return true end
  local calls, failures, slows = counts()
  if calls < rules.minimumCalls or calls == 0 then return false end
  if rules.failureRate and failures > 0 and failures / calls >= rules.failureRate then return true end
  return rules.slowRate and slows > 0 and slows / calls >= rules.slowRate
end

local function recordClosed()
  if circuit.counts ~= rules.window._tag then circuit.counts, circuit.window = rules.window._tag, {} end
  if outcome == "Completed" then
    if circuit.consecutive == 0 then return false end
    circuit.consecutive = 0
  elseif outcome == "Committed" then
    add(0, slow and 1 or 0)
    if not streamed then circuit.consecutive = 0 end
  else
    if outcome == "Failed" then add(1, 0) else amend() end
    circuit.consecutive = circuit.consecutive + 1
  end
  return tripped()
end

local function recordProbe(index)
  local expired = circuit.probes[index][2] <= time and untilPlace() > 0
  table.remove(circuit.probes, index)
  local good = outcome == "Committed" and not (slow and rules.slowRate)
  if outcome == "Ignored" or (expired and not good) then return false end
  if good then circuit.succeeded = circuit.succeeded + 1 else circuit.failed = circuit.failed + 1 end
  if circuit.succeeded >= rules.successes then
    become("Closed", { since = time, consecutive = 0, window = {} })
    return false
  end
  return circuit.failed > rules.probes - rules.successes
end

local function heard()
  if circuit.phase == "Closed" then return outcome ~= "Ignored" and recordClosed() end
  if circuit.phase ~= "HalfOpen" then return false end
  for index, probe in ipairs(circuit.probes) do
    if probe[1] == number then return recordProbe(index) end
  end
  return false
end

if circuit.epoch ~= epoch or circuit.mode == "disabled" then return answer(0, 0) end
local trips = heard()
save()
if not trips then return answer(0, 0) end
local rested = circuit.phase == "Closed" and circuit.since and time - circuit.since >= circuit.openFor
return answer(rested and 1 or circuit.openings + 1, 0)
`)

/** Opens the circuit, unless it has changed since the ticket's epoch. Takes the epoch, for how long, and the opening's number. */
export const open = atomic<Answer>(`${circuit}
if circuit.epoch == tonumber(ARGV[3]) then
  local openFor = tonumber(ARGV[4])
  become("Open", { endsAt = time + openFor, openFor = openFor, openings = tonumber(ARGV[5]) })
  save()
end
return answer(0, 0)
`)

/** Sets the mode. Decides 1, or 0 where nobody knows the circuit. Takes the mode, and 1 where this process knows it. */
export const setMode = atomic<Answer>(`${circuit}
if not stored and ARGV[4] == "0" then return answer(0, 0) end
circuit.mode = ARGV[3]
if circuit.mode == "normal" then become("Closed", { openings = 0, openFor = 0, consecutive = 0, window = {} }) end
save()
return answer(1, 0)
`)

/** Decides nothing. */
export const look = atomic<Answer>(`${circuit}
return answer(0, 0)
`)
