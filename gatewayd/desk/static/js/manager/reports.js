// What days were like: the recap, records to take away, and traces that two people release.

import { html } from '/static/vendor/lit-html.js'
import { get } from '/static/js/api.js'
import { formatNumber, has, localeNow, t } from '/static/js/texts.js'
import { curve } from '/static/js/manager/occupancy.js'
import { ask, downloads, outcome, panel } from '/static/js/manager/pieces.js'
import { traceSection } from '/static/js/manager/trace.js'
import { alarmTitle, categoryName, named, personName, reasonText, today } from '/static/js/manager/words.js'

const day = { isBusy: false, answer: null, asked: today() }
const records = { first: today(), last: today() }

const TABLES = ['verdicts', 'entries', 'exits', 'reasons', 'violations', 'officers', 'purposes', 'alarms']
const NAMES = {
  verdicts: (word) => named(`manager.kind.${word}`, word),
  entries: categoryName,
  exits: categoryName,
  reasons: reasonText,
  violations: (word) =>
    has(`reason.${word}`)
      ? t(`reason.${word}`)
      : named(`manager.violation.${word.replaceAll(' ', '_')}`, word),
  officers: officerName,
  purposes: (word) => named('', word),
  alarms: alarmName
}

// The recap counts `who outcome` and `alarm outcome`.
function officerName(words) {
  const [who, outcome] = words.split(' ')
  return `${personName(who)} – ${named(`manager.kind.${outcome}`, outcome)}`
}

function alarmName(words) {
  const [alarm, outcome] = words.split(' ')
  return `${alarmTitle(alarm)} – ${named(`manager.alarm.${outcome}`, outcome)}`
}

export function reportsSection(context) {
  if (day.answer === null && !day.isBusy) readDay(context)
  return html`
    ${panel(t('manager.reports.day'), html`${chooser(context)}${outcome(day)}${day.answer?.ok ? recap(day.answer) : null}`, 'recap')}
    ${panel(t('manager.reports.records'), recordsForm(context))}
    ${context.is('manager') ? panel(t('manager.reports.trace'), traceSection(context), 'trace') : null}`
}

function readDay(context) {
  ask(day, context, () => get(`/api/day?day=${day.asked}`))
}

function chooser(context) {
  const change = (event) => {
    if (event.target.value === '') return
    day.asked = event.target.value
    readDay(context)
  }
  const file = (format) => `/api/report?day=${day.asked}&format=${format}&locale=${localeNow()}`
  return html`
    <div class="fields"><label>${t('manager.reports.which')}<input type="date" max=${today()} .value=${day.asked} @change=${change}></label></div>
    ${downloads([
      ['PDF', file('pdf')],
      ['CSV', file('csv')],
      ['JSON', file('json')]
    ])}`
}

function recap(told) {
  const shown = TABLES.filter((name) => Object.keys(told[name]).length > 0)
  return html`
    ${curve(told, day.asked === today())}
    ${shown.length === 0 ? html`<p class="quiet">${t('manager.reports.empty')}</p>` : null}
    <div class="tables">
      ${shown.map(
        (name) => html`<div><h3>${t(`manager.table.${name}`)}</h3><dl class="categories">
          ${Object.entries(told[name]).map(([word, count]) => html`<div><dt>${NAMES[name](word)}</dt><dd>${formatNumber(count)}</dd></div>`)}
        </dl></div>`
      )}
    </div>`
}

function recordsForm(context) {
  const change = (name) => (event) => {
    records[name] = event.target.value
    context.show()
  }
  const input = (name) =>
    html`<label>${t(`manager.reports.${name}`)}<input type="date" max=${today()} .value=${records[name]} @change=${change(name)}></label>`
  return html`
    <p class="quiet">${t('manager.reports.records_note')}</p>
    <div class="fields">${input('first')}${input('last')}</div>
    ${downloads([['CSV', `/api/export?first=${records.first}&last=${records.last}`]])}`
}
