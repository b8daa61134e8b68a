// What became of each request, in words, for some seconds or until it is tapped.

import { html } from '/static/vendor/lit-html.js'
import { has, t } from '/static/js/texts.js'
import { icon } from '/static/js/desk/icons.js'

const SAID_MS = { good: 4_000, bad: 15_000 }
let said = []
let shown = () => undefined

// show: called whenever there is something else to say.
export function showOutcomes(show) {
  shown = show
}

export function outcomes() {
  return html`
    <div class="said" role="status">${said.map((one) => html`<button class="note ${one.kind}" @click=${() => hush(one)}>${icon(one.kind === 'good' ? 'go' : 'fault')}<span>${one.text}</span></button>`)}</div>`
}

// Says what became of a request; `done` is what it says of one that was carried out.
export function tell({ path, body, done }, answer) {
  if (answer.ok) say('good', done)
  else say('bad', refusalText(path, body, answer))
}

function refusalText(path, body, answer) {
  if (answer.status === 0) return t('desk.no.unreachable')
  if (answer.reason !== undefined && has(`reason.${answer.reason}`)) {
    const already = answer.admitted > 0 ? ` ${t('desk.no.some', { count: answer.admitted })}` : ''
    return t(`reason.${answer.reason}`) + already
  }
  if (['late', 'restarted', 'failed'].includes(answer.code)) return t('desk.no.late')
  if (body.referral !== undefined) return t('desk.no.settled', { number: body.referral })
  if (body.assist !== undefined) return t('desk.no.assist')
  if (path === '/api/forgive') return t('desk.no.forgive')
  if (path === '/api/lane') return t('desk.no.lane')
  return answer.text ?? t('error.unknown')
}

export function say(kind, text) {
  const one = { kind, text, id: `${Date.now()}-${said.length}` }
  said = [...said.slice(-2), one]
  setTimeout(() => hush(one), SAID_MS[kind])
  shown()
}

function hush(one) {
  said = said.filter((other) => other !== one)
  shown()
}
