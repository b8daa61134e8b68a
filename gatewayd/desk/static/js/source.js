// A stream of the gateway, taken up again for ever: after a restart, an outage, a night's sleep.

import { get } from '/static/js/api.js'

const SILENT_MS = 6000 // Three pings of the gateway.
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000]
const ASK_AFTER = 2 // Failures in a row; then it may be us, and not the network.
const KINDS = ['status', 'event', 'live', 'ping']

// Listens from now on. `heard(kind, content, begun)`: a message, of a connection asked for at `begun`
// (performance.now()). `lost()`: nothing is heard any more. `address()`: where to listen.
export function hear(address, heard, lost) {
  let source = null
  let timer = 0
  let failures = 0
  let isLost = true
  let heardAt = performance.now()

  const wait = (ms, next) => {
    clearTimeout(timer)
    timer = setTimeout(next, ms)
  }
  const drop = () => {
    source?.close()
    source = null
    if (!isLost) {
      isLost = true
      lost()
    }
    failures += 1
    if (failures > ASK_AFTER) get('/api/me') // Says `signed-out` to the page if that is so.
    const step = RETRY_MS[Math.min(failures, RETRY_MS.length) - 1]
    wait(step * (0.5 + Math.random()), connect) // Not all pages in one moment.
  }
  const connect = () => {
    source?.close()
    const begun = performance.now()
    source = new EventSource(address())
    wait(SILENT_MS, drop)
    for (const kind of KINDS) {
      source.addEventListener(kind, (message) => {
        failures = 0
        isLost = false
        heardAt = performance.now()
        wait(SILENT_MS, drop)
        heard(kind, JSON.parse(message.data), begun)
      })
    }
    source.onerror = drop
  }
  const wake = () => {
    const isQuiet = performance.now() - heardAt > SILENT_MS || isLost
    if (document.visibilityState === 'visible' && isQuiet) connect()
  }
  document.addEventListener('visibilitychange', wake)
  window.addEventListener('pageshow', wake)
  window.addEventListener('online', wake)
  window.addEventListener('pagehide', () => source?.close())
  connect()
}
