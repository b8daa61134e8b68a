// The state of the gate and its feed as they happen; says so when nothing is heard any more.

import { hear } from '/static/js/source.js'

const ROWS_MAX = 200

// Starts to listen. `changed(live)` is called whenever something is new; live is
// {status, rows (newest first), news (the row that is new), isStale, heardAt, isCaughtUp, clock: the
// gateway's times as it told them last (at, nowMs), and ours then (heardMs, of performance.now)}.
export function listen(changed) {
  const live = {
    status: null,
    rows: [],
    isStale: true,
    heardAt: null,
    isCaughtUp: false,
    news: null,
    clock: null
  }
  let last = ''

  const takers = {
    status: (content) => {
      live.status = content
      return true
    },
    event: (row) => {
      last = row.id
      if (live.rows.some((one) => one.id === row.id)) return false
      live.rows = [row, ...live.rows].slice(0, ROWS_MAX)
      live.news = live.isCaughtUp ? row : null
      return live.isCaughtUp
    },
    live: () => {
      live.isCaughtUp = true
      return true
    },
    ping: () => false
  }
  const heard = (kind, content) => {
    const wasStale = live.isStale
    live.isStale = false
    live.heardAt = Date.now()
    live.news = null
    if (content.now_ms !== undefined) {
      live.clock = { at: Date.parse(content.at), nowMs: content.now_ms, heardMs: performance.now() }
    }
    if (takers[kind](content) || wasStale) changed(live)
  }
  const lost = () => {
    live.isStale = true
    live.isCaughtUp = false // What comes first after it is not news.
    live.news = null
    changed(live)
  }
  hear(() => (last === '' ? '/api/stream' : `/api/stream?after=${encodeURIComponent(last)}`), heard, lost)
  return live
}
