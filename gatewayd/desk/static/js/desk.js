// The officer's desk: the last scan of each lane, who waits, and what an officer does about it.

import { html, render } from '/static/vendor/lit-html.js'
import { get, setCsrf } from '/static/js/api.js'
import { staleBanner } from '/static/js/common.js'
import { listen } from '/static/js/live.js'
import { setLocale, t } from '/static/js/texts.js'
import { blankCount, countSheet } from '/static/js/desk/count.js'
import { FLAGS } from '/static/js/desk/declaring.js'
import { blankGate, gateSheet } from '/static/js/desk/gate.js'
import { blankGuest, guestSheet, REPEAT_MS } from '/static/js/desk/guest.js'
import { actions, header } from '/static/js/desk/frame.js'
import { keep, recall } from '/static/js/desk/kept.js'
import { helpSheet, listenToKeys } from '/static/js/desk/keys.js'
import { queue, referralSheet } from '/static/js/desk/queue.js'
import { notices } from '/static/js/desk/notices.js'
import { outcomes, say, showOutcomes, tell } from '/static/js/desk/outcomes.js'
import { pursueLeft, sendOnce } from '/static/js/desk/sending.js'
import { shiftSheet } from '/static/js/desk/shift.js'
import { menuSheet } from '/static/js/desk/menu.js'
import { isLoud, play, setLoud } from '/static/js/desk/sound.js'
import { sentenceOf, tiles, wordOf } from '/static/js/desk/tiles.js'
import { dutyOf, newestLane, nowOf, tileOf } from '/static/js/desk/views.js'

const TICK_MS = 500 // Seconds are counted down, and what was shown goes.
const PICKED_MS = 15_000 // A lane that was tapped stays for so long; then the one with news is shown.
const DETAILS_MS = 60_000
const ACTS = ['officer', 'manager'] // The others look on.
const SEES = [...ACTS, 'auditor']
const SWIPE_PX = 60
const SHEETS = {
  guest: guestSheet,
  referral: referralSheet,
  count: countSheet,
  gate: gateSheet,
  shift: shiftSheet,
  menu: menuSheet,
  help: helpSheet
}

const page = document.getElementById('page')
const busy = new Set()
let picked = 0
let swipe = null
let spoken = ''

const desk = {
  live: null,
  me: { label: '', role: '' },
  terms: null,
  lane: null,
  detailsUntil: null, // Somebody asked for details, or not to see them; null: as the site has it.
  sheet: recall('sheet', null),
  guest: { ...blankGuest(), ...recall('guest', {}) },
  settle: blankSettle(),
  count: { ...blankCount(), ...recall('count', {}) },
  gate: { ...blankGate(), ...recall('gate', {}) },
  note: recall('note', ''),
  last: recall('last', null),
  forgiven: new Set(),
  show,
  say,

  get declared() {
    return FLAGS.filter((flag) => desk.terms.required.includes(flag))
      .map((flag) => t(`desk.flag.${flag}`))
      .join('; ')
  },

  // Carries a request out, says what became of it, and returns the answer.
  async act(id, path, body, done) {
    if (desk.isOff(id)) return { ok: false }
    busy.add(id)
    show()
    const answer = await sendOnce(desk.live, { path, body, done })
    busy.delete(id)
    tell({ path, body, done }, answer)
    return answer
  },

  // Whether something cannot be done now: it is under way, or nothing is heard from the gateway.
  isOff(id) {
    return desk.live.isStale || desk.terms === null || busy.has(id) || !ACTS.includes(desk.me.role)
  },

  // The same, for letting people in, which needs somebody on duty where the policy says so.
  isOffDuty(id) {
    return desk.isOff(id) || (desk.live.status.officer_required && dutyOf(desk.live.status, desk.me) === null)
  },

  // Says why a button does nothing. lacks: what is still to be tapped.
  offText(lacks) {
    const { isStale, status } = desk.live
    const isAbsent = status.officer_required && dutyOf(status, desk.me) === null
    const why = isStale
      ? t('desk.off.stale')
      : isAbsent
        ? t('desk.off.duty')
        : lacks.length > 0
          ? t('desk.off.lacks', { what: lacks.join(', ') })
          : null
    return html`<p class="why" role="status">${why}</p>`
  },

  draft(name, change) {
    desk[name] = { ...desk[name], ...change }
    if (name !== 'settle') keep(name, desk[name])
    show()
  },

  setNote(note) {
    desk.note = note
    keep('note', note === '' ? null : note)
    show()
  },

  // body: the attestation that can be given again.
  setLast(body) {
    desk.last = body === null ? null : { body, at: Date.now() }
    keep('last', desk.last)
    show()
  },

  openSheet(sheet) {
    desk.sheet = sheet
    desk.settle = blankSettle()
    keep('sheet', sheet)
    show()
    document.getElementById('sheet-title')?.focus()
  },

  closeSheet() {
    const name = desk.sheet?.name
    desk.sheet = null
    keep('sheet', null)
    show()
    const opener = page.querySelector(`[data-sheet="${name}"]`) ?? page.querySelector('[data-sheet="guest"]')
    opener?.focus()
  },

  pickLane(lane) {
    desk.lane = lane
    picked = Date.now()
    show()
  },

  swipeBegin(event) {
    swipe = event.touches[0].clientX
  },

  swipeEnd(event) {
    const moved = event.changedTouches[0].clientX - (swipe ?? 0)
    const lanes = Object.keys(desk.live.status.lanes)
    if (swipe === null || Math.abs(moved) < SWIPE_PX || lanes.length < 2) return
    const now = lanes.indexOf(desk.lane ?? newestLane(desk.live))
    desk.pickLane(lanes[(now + (moved < 0 ? 1 : -1) + lanes.length) % lanes.length])
  },

  // What bystanders may read only where the site wants it, or for a minute.
  get details() {
    return desk.detailsUntil === null ? (desk.terms?.show_category ?? false) : desk.detailsUntil > Date.now()
  },

  toggleDetails() {
    desk.detailsUntil = desk.details ? 0 : Date.now() + DETAILS_MS
    show()
  },

  async toggleSound() {
    await setLoud(!isLoud())
    show()
  }
}

function blankSettle() {
  return { refuse: 'not_met', purpose: null, origin: null, lane: null }
}

async function start() {
  await setLocale(localStorage.getItem('onegate.locale') ?? 'id')
  const me = await get('/api/me')
  if (me.ok) {
    desk.me = me
    if (!SEES.includes(me.role)) return location.replace('/')
    if (me.csrf) setCsrf(me.csrf)
  }
  desk.live = listen(changed)
  showOutcomes(show)
  pursueLeft(tell)
  listenToKeys(keys)
  setInterval(tick, TICK_MS)
  document.addEventListener('visibilitychange', stayAwake)
  stayAwake()
}

function changed(live) {
  desk.live = live
  if (live.isStale && live.status === null) {
    render(
      html`<main class="desk"><h1 class="unseen">${t('desk.title')}</h1>${staleBanner(live)}</main>`,
      page
    )
    return
  }
  const policy = String(live.status?.policy)
  if (desk.terms === null || desk.termsOf !== policy) loadTerms(policy)
  if (live.news !== null) heard(live.news)
  show()
}

async function loadTerms(policy) {
  desk.termsOf = policy
  const terms = await get('/api/terms')
  if (terms.ok) desk.terms = terms
  else desk.termsOf = null
  show()
}

function heard(row) {
  if (row.class === 'access') play(row.outcome)
  if (row.class === 'passage' && row.outcome === 'breached') play('breached')
  if (Date.now() - picked > PICKED_MS) desk.lane = null
  if (!(row.lane in desk.live.status.lanes) || !['access', 'passage'].includes(row.class)) return
  const view = tileOf(desk.live, row.lane, nowOf(desk.live))
  if (view.row?.id === row.id) spoken = `${row.lane}: ${wordOf(view)}. ${sentenceOf(desk, row.lane, view)}`
}

function tick() {
  if (desk.live.status === null) return
  if (desk.last !== null && Date.now() - desk.last.at > REPEAT_MS) desk.setLast(null)
  show()
}

// --- the page ---

const keys = {
  guest: () => desk.openSheet({ name: 'guest' }),
  repeat: () => page.querySelector('[data-do="repeat"]')?.click(),
  referral: () => page.querySelector('[data-referral]')?.click(),
  assist: () => page.querySelector('[data-assist] button')?.click(),
  count: () => desk.openSheet({ name: 'count' }),
  gate: () => desk.openSheet({ name: 'gate' }),
  shift: () => desk.openSheet({ name: 'shift' }),
  help: () => desk.openSheet({ name: 'help' }),
  sound: () => desk.toggleSound(),
  details: () => desk.toggleDetails(),
  back: () => desk.sheet !== null && desk.closeSheet()
}

function show() {
  if (desk.live === null || desk.live.status === null) return
  document.title = t('desk.title')
  document.documentElement.dataset.sheet = desk.sheet?.name ?? ''
  const open = desk.sheet === null || desk.terms === null ? null : SHEETS[desk.sheet.name]
  render(
    html`
    <main class="desk ${open === null ? '' : 'with-sheet'}">
      <h1 class="unseen">${t('desk.title')}</h1>
      ${header(desk)}
      ${notices(desk)}
      ${tiles(desk)}
      <div class="side">
        ${open === null ? html`${queue(desk)}${actions(desk)}` : open(desk)}
      </div>
      ${outcomes()}
      <p class="unseen" aria-live="polite" data-spoken>${spoken}</p>
    </main>`,
    page
  )
}

// The screen stays on while somebody looks at it, where the browser can do that.
async function stayAwake() {
  if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
  try {
    await navigator.wakeLock.request('screen')
  } catch {
    // A device that saves power says no.
  }
}

window.addEventListener('signed-out', () => location.assign('/?to=/desk'))

start()
