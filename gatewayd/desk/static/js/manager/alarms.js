// Alarms: what is wrong, since when, what to do, who has seen it.

import { html } from '/static/vendor/lit-html.js'
import { post } from '/static/js/api.js'
import { localeNow, t } from '/static/js/texts.js'
import { details } from '/static/js/manager/feed.js'
import { ask, outcome, panel } from '/static/js/manager/pieces.js'
import { alarmTitle, moment, personName, placeName, since } from '/static/js/manager/words.js'

const states = new Map()
let chosen = ''
const SHORT = 3 // On the overview.

export function unseenCount(status) {
  return status.alarm_rows.filter((row) => row.seen === undefined).length
}

export function alarmsSection(context) {
  return html`${panel(t('manager.section.alarms'), html`${tiles(context)}${alarmList(context)}`, 'alarms')}`
}

// Those that nobody has seen first; of them the newest.
export function alarmList(context, isShort = false) {
  const all = context.live.status.alarm_rows
  const rows = isShort || chosen === '' ? [...all] : all.filter((row) => row.alarm === chosen)
  rows.sort(
    (a, b) => (a.seen !== undefined) - (b.seen !== undefined) || (b.at ?? '').localeCompare(a.at ?? '')
  )
  if (rows.length === 0)
    return html`<p class="clear"><span class="mark green" aria-hidden="true">✓</span> ${t('manager.alarm.none')}</p>`
  const shown = isShort ? rows.slice(0, SHORT) : rows
  const more = rows.length - shown.length
  return html`<ul class="alarm-list">${shown.map((row) => item(row, context, isShort))}</ul>
    ${more > 0 ? html`<p><a href="#alarms">${t('manager.alarm.more', { n: more })}</a></p>` : null}`
}

function tiles(context) {
  const counts = new Map()
  for (const row of context.live.status.alarm_rows) {
    const [all, unseen] = counts.get(row.alarm) ?? [0, 0]
    counts.set(row.alarm, [all + 1, unseen + (row.seen === undefined ? 1 : 0)])
  }
  if (!counts.has(chosen)) chosen = ''
  if (counts.size < 2) return null
  const choose = (kind) => {
    chosen = chosen === kind ? '' : kind
    context.show()
  }
  return html`<div class="chips" role="group" aria-label=${t('manager.alarm.kinds')}>
    ${[...counts].map(
      ([
        kind,
        [all, unseen]
      ]) => html`<button class="chip" aria-pressed=${chosen === kind} @click=${() => choose(kind)}>
      ${alarmTitle(kind)} · ${t('manager.alarm.unseen', { n: unseen, all })}</button>`
    )}
  </div>`
}

function item(row, context, isShort) {
  const text = row.text[localeNow()]
  const told = details(row.detail ?? {})
  return html`
    <li class=${row.seen === undefined ? 'unseen' : 'seen'}>
      <h3><span class="mark red" aria-hidden="true">!</span> ${text.title} <span class="quiet">${placeName(row.subject)}</span></h3>
      <p class="instruction">${text.instruction}</p>
      <p class="quiet since">${row.at === undefined ? '' : since(row.at)}${told === '' ? '' : html` · ${told}`}</p>
      ${row.seen === undefined ? acknowledge(row, context, isShort) : seenBy(row.seen)}
    </li>`
}

function seenBy(seen) {
  const who = { who: personName(seen.officer), at: moment(seen.at) }
  return html`<p class="seen-by">✓ ${t('manager.alarm.seen', who)}${seen.note ? html`: ${seen.note}` : null}</p>`
}

function acknowledge(row, context, isShort) {
  if (row.at === undefined || context.is('auditor')) return null
  const key = `${row.alarm}/${row.subject}/${row.at}`
  const state = states.get(key) ?? { isBusy: false, answer: null }
  states.set(key, state)
  const send = (event) => {
    event.preventDefault()
    const note = (new FormData(event.target).get('note') ?? '').trim()
    const told = { alarm: row.alarm, subject: row.subject, ...(note === '' ? {} : { note }) }
    ask(state, context, () => post('/api/alarm_acknowledge', told))
  }
  return html`
    <form class="acknowledge" @submit=${send}>
${isShort ? null : html`<input name="note" maxlength="200" aria-label=${t('manager.alarm.note')} placeholder=${t('manager.alarm.note')}>`}
      <button ?disabled=${state.isBusy}>${t('manager.alarm.acknowledge')}</button>
    </form>
    ${outcome(state)}`
}
