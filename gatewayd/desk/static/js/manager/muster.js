// The muster: one tap takes down who is inside; it stays as it was, to be printed and ticked.

import { html } from '/static/vendor/lit-html.js'
import { post } from '/static/js/api.js'
import { formatNumber, localeNow, t } from '/static/js/texts.js'
import { ask, bad, outcome, panel, table } from '/static/js/manager/pieces.js'
import { categoryName, moment, named } from '/static/js/manager/words.js'

const state = { isBusy: false, answer: null }

export function musterSection(context) {
  const take = (frozen) => ask(state, context, () => post('/api/muster', frozen ? { frozen } : {}))
  return panel(
    t('manager.section.muster'),
    html`
      <p class="quiet unprinted">${t('manager.muster.note')}</p>
      <p class="actions unprinted">
        <button class="primary take" ?disabled=${state.isBusy} @click=${() => take(false)}>${t('manager.muster.take')}</button>
        <button ?disabled=${state.isBusy} @click=${() => take(true)}>${t('manager.muster.frozen')}</button>
      </p>
      ${outcome(state)} ${state.answer?.ok ? list(state.answer) : null}`,
    'muster'
  )
}

function list(told) {
  const download = (format) => `/api/muster_list?muster=${told.muster}&format=${format}&locale=${localeNow()}`
  const alarm =
    told.alarm === null ? '' : t('manager.muster.alarm', { alarm: named(`alarm.${told.alarm}`, told.alarm) })
  return html`
    <h3 class="taken">${t('manager.muster.at', { at: moment(told.at, true) })} ${alarm}</h3>
    <p class="count"><strong>${formatNumber(told.total)}</strong> <span>${t('manager.muster.inside')}</span>
      ${told.uncertain > 0 ? html`<span class="uncertain">± ${told.uncertain} ${t('manager.inside.uncertain')}</span>` : null}</p>
    <p>${Object.entries(told.by_category).map(([name, count]) => html`<span class="tag">${categoryName(name)} ${count}</span> `)}</p>
    <p class="actions unprinted">
      <button @click=${() => window.print()}>${t('manager.print')}</button>
      <a class="button" href=${download('pdf')} download>PDF</a>
      <a class="button" href=${download('csv')} download>CSV</a>
    </p>
    ${told.more > 0 ? bad(t('manager.muster.more', { n: told.more })) : null}
    ${table(t('manager.section.muster'), ['✓', t('manager.muster.number'), t('manager.muster.who'), t('manager.category'), t('manager.muster.since')], rows(told))}`
}

function rows(told) {
  const known = told.people.map((one, index) => line(index + 1, badge(one.badge), one.category, one.since))
  let number = told.people.length + told.more
  const unknown = Object.entries(told.nameless).flatMap(([category, count]) =>
    Array.from({ length: count }, () => {
      number += 1
      return line(number, t('manager.muster.nameless'), category, null)
    })
  )
  return [...known, ...unknown]
}

function badge(number) {
  return number === null ? '' : t('manager.muster.badge', { n: String(number).padStart(3, '0') })
}

function line(number, who, category, at) {
  return html`<tr><td class="tick" aria-hidden="true"></td><td>${number}</td><td class="name">${who}</td>
    <td>${categoryName(category)}</td><td>${at === null ? '' : moment(at)}</td></tr>`
}
