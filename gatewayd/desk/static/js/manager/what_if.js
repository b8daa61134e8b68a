// What a day would have been like under other rules; nothing is changed by asking.

import { html } from '/static/vendor/lit-html.js'
import { post } from '/static/js/api.js'
import { t } from '/static/js/texts.js'
import { ask, option, outcome, panel, table } from '/static/js/manager/pieces.js'
import { categoryName, moment, named, reasonText, today } from '/static/js/manager/words.js'

const STATUSES = ['green', 'yellow', 'red', 'black', 'unknown']
const ANSWERS = ['', 'admit', 'refer', 'refuse']
const PASSBACK = ['', 'off', 'soft', 'hard']
const state = { isBusy: false, answer: null }

export function whatIfSection(context) {
  const { limit } = context.live.status.occupancy
  const told =
    limit.total === undefined
      ? t('manager.what_if.no_limit')
      : t('manager.what_if.limit_now', { n: limit.total })
  return panel(
    t('manager.section.what_if'),
    html`
      <p class="quiet">${t('manager.what_if.note')} ${told}</p>
      <form @submit=${(event) => send(event, context)}>
        <div class="fields">
          <label>${t('manager.what_if.day')}<input name="day" type="date" max=${today()} value=${today(1)} required></label>
          <label>${t('manager.what_if.total')}<input name="total" type="number" min="0" max="100000"></label>
          <label>${t('manager.what_if.percent')}<input name="percent" type="number" min="0" max="100"></label>
          <label>${t('manager.what_if.unknown')}<select name="unknown_holder">${ANSWERS.map(answer)}</select></label>
          <label>${t('manager.what_if.passback')}<select name="anti_passback">${PASSBACK.map((one) => option(one, one === '' ? t('manager.what_if.same') : t(`manager.passback.${one}`)))}</select></label>
          ${STATUSES.map((one) => html`<label>${t('manager.what_if.status', { status: t(`manager.status.${one}`) })}<select name=${one}>${ANSWERS.map(answer)}</select></label>`)}
        </div>
        <p class="actions"><button class="primary" ?disabled=${state.isBusy}>${t('manager.what_if.ask')}</button></p>
      </form>
      ${outcome(state)} ${state.answer?.ok ? found(state.answer) : null}`,
    'what-if'
  )
}

function answer(one) {
  return option(one, one === '' ? t('manager.what_if.same') : t(`manager.answer.${one}`))
}

function send(event, context) {
  event.preventDefault()
  const form = new FormData(event.target)
  const statuses = Object.fromEntries(
    STATUSES.map((one) => [one, form.get(one)]).filter(([, to]) => to !== '')
  )
  const asked = { day: form.get('day'), ...(Object.keys(statuses).length > 0 ? { statuses } : {}) }
  for (const name of ['total', 'percent']) if (form.get(name) !== '') asked[name] = Number(form.get(name))
  for (const name of ['unknown_holder', 'anti_passback'])
    if (form.get(name) !== '') asked[name] = form.get(name)
  ask(state, context, () => post('/api/what_if', asked))
}

function found(told) {
  const changed = told.changes.reduce((sum, one) => sum + one.count, 0)
  const heads = [
    t('manager.what_if.count'),
    t('manager.category'),
    t('manager.what_if.before'),
    t('manager.what_if.after'),
    t('manager.what_if.first')
  ]
  return html`
    <p role="status"><strong>${t('manager.what_if.found', { n: changed, all: told.replayed, day: told.day })}</strong>
      ${told.left_alone > 0 ? t('manager.what_if.left_alone', { n: told.left_alone }) : ''}</p>
    ${told.changes.length === 0 ? null : table(t('manager.section.what_if'), heads, told.changes.map(line))}`
}

function line(one) {
  return html`<tr><td>${one.count}</td><td>${categoryName(one.category)}</td><td>${inWords(one.before)}</td><td>${inWords(one.after)}</td><td>${moment(one.first)}</td></tr>`
}

function inWords(told) {
  const [word, reason] = told.split(' ')
  const name = named(`manager.kind.${word}`, word)
  return reason === undefined ? name : `${name} – ${reasonText(reason.replace(/^would_\w+:/, ''))}`
}
