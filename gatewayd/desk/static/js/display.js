// The screen at a lane: what whoever stands there is to do, in two languages, at a glance.

import { html, render, svg } from '/static/vendor/lit-html.js'
import { get } from '/static/js/api.js'
import { fit } from '/static/js/display_fit.js'
import { ICONS } from '/static/js/display_icons.js'
import { takeToken } from '/static/js/screen.js'
import { hear } from '/static/js/source.js'
import { loadTexts } from '/static/js/texts.js'

const CODE_MS = 30_000 // How long a code for phones is shown.
const TICK_MS = 250
const RING = 2 * Math.PI * 45

const page = document.getElementById('page')
const lane = decodeURIComponent(location.pathname.split('/')[2] ?? '')
// A screen that faces those who leave is opened with ?side=exit.
const side = new URLSearchParams(location.search).get('side') === 'exit' ? 'exit' : 'entry'
const OFFLINE = { sign: 'offline' }

let texts = null
let told = null // What the gateway said last; null: nothing is heard.
let ahead = 0 // Our clock less the gateway's, never too much: an arrow ends too early at most.
let clockOf = null // The connection that `ahead` is of.
let version = null // Of the gateway: after an upgrade the page is another one too.
let isSignedOut = false
let drawn = ''

async function start() {
  await takeToken()
  hear(() => `/api/display/${encodeURIComponent(lane)}`, heard, lost)
  const asked = get('/api/me') // Says `signed-out` at once if nobody is.
  texts = await allTexts()
  await asked
  setInterval(show, TICK_MS)
  window.addEventListener('resize', show)
  show()
}

// A screen that is switched on with the gateway is sooner there.
async function allTexts() {
  for (;;) {
    try {
      const [id, en] = await Promise.all([loadTexts('id'), loadTexts('en')])
      return { id, en }
    } catch {
      await new Promise((next) => setTimeout(next, 1000))
    }
  }
}

function heard(kind, content, begun) {
  isSignedOut = false
  if (kind === 'status') {
    if (clockOf !== begun) ahead = begun - content.now_ms
    clockOf = begun
    if (version !== null && version !== content.version) location.reload()
    version = content.version
    told = content
  }
  show()
}

function lost() {
  told = null
  show()
}

window.addEventListener('signed-out', () => {
  isSignedOut = true
  show()
})

// What is true now: nothing that is over is shown, even if the network died with it on.
function viewNow() {
  const view = told?.[side] ?? OFFLINE
  if (view.sign === 'go' && leftMs(view) <= 0) return { sign: 'wait' }
  return view
}

function leftMs(until) {
  return until.until_ms + ahead - performance.now()
}

function show() {
  if (texts === null) return
  const view = viewNow()
  const code = view.code && leftMs(view.code) > 0 ? view.code : null
  const languages = told?.locale === 'en' ? ['en', 'id'] : ['id', 'en']
  document.title = text(languages[0], 'display.title', { lane })
  document.documentElement.lang = languages[0]
  render(
    html`
    <main class=${`sign ${view.sign} ${side}`} role="status" ?data-code=${code !== null}>
      <svg class="icon" viewBox="0 0 100 100" aria-hidden="true">${ICONS[view.sign]}</svg>
      <div class="words">${languages.map((locale, index) => say(view, locale, index === 0))}</div>
      ${code === null ? null : showCode(code, languages)}
      ${showFoot(view, languages)}
    </main>`,
    page
  )
  const now = page.textContent + code?.until_ms + innerWidth + innerHeight
  if (now !== drawn) fit(page.querySelector('.words'))
  drawn = now
}

function say(view, locale, isFirst) {
  const words = view.words?.[locale] ?? text(locale, `display.${key(view)}.more`)
  return html`
    <div class=${isFirst ? 'first' : 'second'} lang=${locale}>
      <p class="title">${title(view, locale)}</p>
      ${view.referral ? html`<p class="number">${text(locale, 'display.number')} <b>${view.referral}</b></p>` : null}
      ${words === '' ? null : html`<p class="more">${words}</p>`}
    </div>`
}

function title(view, locale) {
  const figures = view.sign === 'full' && view.limit !== null ? ` ${view.inside}/${view.limit}` : ''
  return text(locale, `display.${key(view)}`) + figures
}

function key(view) {
  if (view.sign === 'offline' && isSignedOut) return 'signed_out'
  const hasOwn = side === 'exit' && ['go', 'scan'].includes(view.sign)
  return hasOwn ? `${view.sign}_exit` : view.sign
}

function showCode(code, languages) {
  const left = Math.max(0, Math.ceil(leftMs(code) / 1000) * 1000)
  const gone = RING * (1 - Math.min(1, left / CODE_MS))
  return html`
    <figure class="code">
      <img src=${code.picture} alt="QR">
      <figcaption>
        <svg class="ring" viewBox="0 0 100 100" aria-hidden="true">
          ${svg`<circle class="track" cx="50" cy="50" r="45"/>
          <circle class="left" cx="50" cy="50" r="45" stroke-dasharray=${RING} stroke-dashoffset=${gone}/>`}
        </svg>
        <span>${languages.map((locale) => html`<span lang=${locale}>${text(locale, 'display.code')}</span>`)}</span>
      </figcaption>
    </figure>`
}

function showFoot(view, languages) {
  if (view.sign !== 'scan') return null
  const figures = view.limit === null ? null : { inside: view.inside, limit: view.limit }
  return html`
    <footer>
      <span>${told.name}</span>
      ${
        figures === null
          ? null
          : languages.map(
              (locale) => html`<span lang=${locale}>${text(locale, 'display.inside', figures)}</span>`
            )
      }
    </footer>`
}

function text(locale, name, values = {}) {
  const found = texts[locale][name] ?? ''
  return found.replace(/\{(\w+)\}/g, (_, value) => values[value] ?? '')
}

start()
