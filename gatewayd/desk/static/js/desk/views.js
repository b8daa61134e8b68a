// What the desk shows, worked out from the state and the feed: pure, so that it can be read in one go.

export const SHOWN_MS = {
  admitted: 8_000,
  passed: 4_000,
  refused: 12_000,
  referred: 15_000,
  breached: 30_000
}
const FULL_WITHIN_MS = 600_000

// Returns the gateway's time now, in the milliseconds of Date.
export function nowOf(live) {
  if (live.clock === null) return Date.now()
  return live.clock.at + performance.now() - live.clock.heardMs
}

// Returns the last scan of a lane, or what the lane is where nobody stands there.
export function tileOf(live, lane, nowMs) {
  if (live.isStale) return { kind: 'stale' }
  const state = live.status.lanes[lane]
  if (state.fire) return { kind: 'fire' } // Whatever was scanned before.
  const last = lastOf(live.rows, lane, state, nowMs)
  return last ?? { kind: restOf(live.status, state) }
}

function lastOf(rows, lane, state, nowMs) {
  const index = rows.findIndex((row) => row.lane === lane && isNews(row))
  if (index < 0) return null
  const row = rows[index]
  const ageMs = nowMs - Date.parse(row.at)
  if (row.class === 'passage') return ageMs < SHOWN_MS.breached ? { kind: 'breached', row } : null
  if (row.outcome !== 'admitted') return ageMs < SHOWN_MS[row.outcome] ? { kind: row.outcome, row } : null
  const end = rows.slice(0, index).find((one) => one.class === 'passage' && one.grant === row.grant)
  if (end !== undefined) {
    const endedMs = nowMs - Date.parse(end.at)
    const passage = end.outcome === 'completed' ? 'passed' : 'not_passed'
    return endedMs < SHOWN_MS.passed ? { kind: 'admitted', row, passage } : null
  }
  const isOpen = ['deciding', 'granted', 'passing'].includes(state.state)
  return isOpen || ageMs < SHOWN_MS.admitted ? { kind: 'admitted', row, passage: 'open' } : null
}

function isNews(row) {
  if (row.class === 'access') return true
  return row.class === 'passage' && row.outcome === 'breached'
}

export function restOf(status, state) {
  if (state.fire) return 'fire'
  if (state.order === 'free') return 'free'
  if (!state.linked || state.fault) return 'fault'
  if (state.order === 'exit_only') return 'locked'
  if (!status.open) return 'closed'
  return isFull(status) ? 'full' : 'ready'
}

export function isFull(status) {
  return status.occupancy.places_left.others === 0
}

// How the count stands to its limit: calm, near (yellow) or full (red); null without a limit.
export function loadOf(status, terms) {
  const { total, limit } = status.occupancy
  if (limit.total === undefined) return null
  const percent = limit.total === 0 ? 100 : (total * 100) / limit.total
  const near = Math.min(...(terms?.alarm_percents ?? []).filter((one) => one < 100), 90)
  const level = percent >= 100 || isFull(status) ? 'full' : percent >= near ? 'near' : 'calm'
  return { total, limit: limit.total, level }
}

// How many scans were refused lately since the house is full.
export function turnedAway(rows, nowMs) {
  return rows.filter((row) => row.reason === 'capacity_full' && nowMs - Date.parse(row.at) < FULL_WITHIN_MS)
    .length
}

export function secondsLeft(until, nowMs) {
  return Math.max(0, Math.ceil((Date.parse(until) - nowMs) / 1000))
}

export function clockText(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
}

// Returns the lane that has news first: of whom somebody should look at now.
export function newestLane(live) {
  const row = live.rows.find((one) => one.lane in live.status.lanes && isNews(one))
  return row?.lane ?? Object.keys(live.status.lanes)[0]
}

export function dutyOf(status, me) {
  return status.on_duty.find((one) => one.officer === me.label || one.caller === `user:${me.label}`) ?? null
}

// Who it was, as people say it: without the system's own prefix.
export function nameOf(officer) {
  return officer.replace(/^user:/, '')
}
