// The manager's page: one screen for whoever runs the gate; each role sees its own sections of it.

import { html, render } from '/static/vendor/lit-html.js'
import { get, remove, setCsrf } from '/static/js/api.js'
import { languageButton, staleBanner, themeButton } from '/static/js/common.js'
import { listen } from '/static/js/live.js'
import { takeToken } from '/static/js/screen.js'
import { localeNow, setLocale, t } from '/static/js/texts.js'
import { alarmsSection, unseenCount } from '/static/js/manager/alarms.js'
import { auditSection } from '/static/js/manager/audit.js'
import { feedSection } from '/static/js/manager/feed.js'
import { machineSection } from '/static/js/manager/machine.js'
import { musterSection } from '/static/js/manager/muster.js'
import { overviewSection } from '/static/js/manager/overview.js'
import { placesSection } from '/static/js/manager/places.js'
import { policySection } from '/static/js/manager/policy.js'
import { reportsSection } from '/static/js/manager/reports.js'
import { usersSection } from '/static/js/manager/users.js'
import { whatIfSection } from '/static/js/manager/what_if.js'

const REFRESH_MS = 20_000 // Durations are told in minutes.
const ALL = ['manager', 'auditor', 'technician']
const PEOPLE = ['manager', 'auditor']

// In the order of a day: what is wrong, who is inside, what was, what is set up.
const SECTIONS = [
  { name: 'overview', roles: ALL, show: overviewSection },
  { name: 'alarms', roles: ALL, show: alarmsSection },
  { name: 'feed', roles: ALL, show: feedSection },
  { name: 'places', roles: ALL, show: placesSection },
  { name: 'muster', roles: PEOPLE, show: musterSection },
  { name: 'reports', roles: PEOPLE, show: reportsSection },
  { name: 'what_if', roles: PEOPLE, show: whatIfSection },
  { name: 'policy', roles: ALL, show: policySection },
  { name: 'users', roles: PEOPLE, show: usersSection },
  { name: 'audit', roles: PEOPLE, show: auditSection },
  { name: 'machine', roles: ALL, show: machineSection }
]

const page = document.getElementById('page')
const context = { me: null, live: null, show: schedule, is: (...roles) => roles.includes(context.me.role) }
let isDue = false

async function start() {
  await takeToken()
  context.live = listen(schedule)
  const [me] = await Promise.all([get('/api/me'), setLocale(localNow())])
  if (!me.ok) return leave()
  if (!ALL.includes(me.role)) return location.replace('/')
  setCsrf(me.csrf)
  context.me = me
  window.addEventListener('hashchange', () => {
    draw()
    window.scrollTo(0, 0)
    document
      .querySelector('nav [aria-current="page"]')
      .scrollIntoView({ block: 'nearest', inline: 'nearest' })
  })
  window.addEventListener('signed-out', leave)
  setInterval(schedule, REFRESH_MS)
  draw()
  showTab()
}

// On a phone the tabs are wider than the screen.
function showTab() {
  document.querySelector('nav [aria-current="page"]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
}

function localNow() {
  return localStorage.getItem('onegate.locale') ?? localeNow()
}

function leave() {
  location.replace('/?to=/manager')
}

async function signOut() {
  await remove('/api/session')
  location.replace('/')
}

// Draws once for all that came in a frame: at a rush each event would draw the page anew.
function schedule() {
  if (isDue) return
  isDue = true
  setTimeout(() => {
    isDue = false
    if (context.me !== null) draw()
  }, 30)
}

function draw() {
  const { live, me } = context
  const mine = SECTIONS.filter((section) => section.roles.includes(me.role))
  const wanted = location.hash.slice(1)
  const section = mine.find((one) => one.name === wanted) ?? mine[0]
  document.title = `${t(`manager.section.${section.name}`)} – ${t('manager.title')}`
  document.body.dataset.section = section.name
  render(
    html`
      <header class="top">
        <h1>${t('manager.title')}
          <span class="quiet">${live.status?.site ?? ''} · ${me.label} (${t(`manager.role.${me.role}`)})</span></h1>
        <div class="tools">
          ${me.role === 'manager' ? html`<a class="button" href="/desk">${t('manager.to_desk')}</a>` : null}
          ${languageButton(draw)} ${themeButton(draw)}
          <button class="leave" @click=${signOut}>${t('manager.sign_out')}</button>
        </div>
      </header>
      <nav aria-label=${t('manager.sections')}>${mine.map((one) => tab(one, one === section))}</nav>
      ${staleBanner(live)}
      <main id="main" tabindex="-1">
        ${live.status === null ? html`<p class="quiet">${t('manager.loading')}</p>` : section.show(context)}
      </main>`,
    page
  )
}

function tab(section, isOpen) {
  const unseen = section.name === 'alarms' && context.live.status ? unseenCount(context.live.status) : 0
  const badge = unseen > 0 ? html` <span class="badge">${unseen}</span>` : null
  const name = html`${t(`manager.section.${section.name}`)}${badge}`
  return html`<a href="#${section.name}" aria-current=${isOpen ? 'page' : 'false'}>${name}</a>`
}

start()
