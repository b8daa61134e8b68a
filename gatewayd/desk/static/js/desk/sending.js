// Requests of the desk, each carried out once: sent again with the same key until the gateway answers.

import { get, post, setCsrf } from '/static/js/api.js'
import { keep, recall } from '/static/js/desk/kept.js'

const AGAIN_MS = 1500
const GIVE_UP_MS = 60_000 // The gateway does nothing that was asked more than 30 s before.

// Returns a key that the gateway takes for now, and for no other time.
export function newKey(live) {
  const chance = crypto.getRandomValues(new Uint8Array(12))
  const hex = [...chance].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${live.status.run}.${live.clock.nowMs}.${hex}`
}

// Sends `{path, body, said}` and returns the answer; what is under way outlives a reload of the page.
export async function sendOnce(live, request) {
  const pending = { ...request, key: newKey(live), at: Date.now() }
  keep('sent', [...recall('sent', []), pending])
  return await pursue(pending)
}

// Asks what became of those that an earlier load of this page sent; `told(request, answer)` for each.
export function pursueLeft(told) {
  for (const pending of recall('sent', [])) pursue(pending).then((answer) => told(pending, answer))
}

async function pursue(pending) {
  let isRenewed = false
  for (;;) {
    const answer = await post(pending.path, pending.body, pending.key)
    if (answer.code === 'forged' && !isRenewed) {
      isRenewed = await renew()
      continue
    }
    const isOver = Date.now() - pending.at > GIVE_UP_MS
    if (answer.status !== 0 || isOver) {
      // Nobody signed in: the same person may sign in again, and ask what became of it.
      if (answer.status !== 401 || isOver) forget(pending)
      return answer
    }
    await new Promise((next) => setTimeout(next, AGAIN_MS))
  }
}

// Whoever signed in again in another tab has another session: this page learns its word anew.
async function renew() {
  const me = await get('/api/me')
  if (me.csrf) setCsrf(me.csrf)
  return true
}

function forget(pending) {
  const left = recall('sent', []).filter((one) => one.key !== pending.key)
  keep('sent', left.length === 0 ? null : left)
}
