// The state of the gate and its feed as they happen; says so when nothing is heard any more.

const SILENT_MS = 6000 // Three pings of the gateway.
const ROWS_MAX = 200

// Starts to listen. `changed(live)` is called whenever something is new; live is
// {status, rows (newest first), isStale, heardAt, isCaughtUp}.
export function listen(changed) {
  const live = { status: null, rows: [], isStale: true, heardAt: null, isCaughtUp: false, news: null }
  let source
  let timer

  const heard = () => {
    live.isStale = false
    live.heardAt = Date.now()
    clearTimeout(timer)
    timer = setTimeout(lost, SILENT_MS)
  }
  const lost = () => {
    if (!live.isStale) {
      live.isStale = true
      live.news = null
      changed(live)
    }
    source?.close()
    timer = setTimeout(connect, 1000)
  }
  const connect = () => {
    clearTimeout(timer)
    timer = setTimeout(lost, SILENT_MS)
    source = new EventSource('/api/stream')
    source.addEventListener('status', (message) => {
      heard()
      live.status = JSON.parse(message.data)
      live.news = null
      changed(live)
    })
    source.addEventListener('event', (message) => {
      heard()
      const row = JSON.parse(message.data)
      if (live.rows.some((one) => one.id === row.id)) return
      live.rows = [row, ...live.rows].slice(0, ROWS_MAX)
      live.news = live.isCaughtUp ? row : null
      if (live.isCaughtUp) changed(live)
    })
    source.addEventListener('live', () => {
      heard()
      live.isCaughtUp = true
      live.news = null
      changed(live)
    })
    source.addEventListener('ping', () => {
      const wasStale = live.isStale
      heard()
      live.news = null
      if (wasStale) changed(live)
    })
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) lost()
    }
  }
  connect()
  return live
}
