// Why somebody was held or let in: each check of a verdict, by the rules of now.

import { html } from '/static/vendor/lit-html.js'
import { get } from '/static/js/api.js'
import { t } from '/static/js/texts.js'
import { ask, outcome } from '/static/js/manager/pieces.js'
import { named, reasonText } from '/static/js/manager/words.js'

const KEPT_MAX = 50
const known = new Map()

export function explanation(row, context) {
  const state = known.get(row.id)
  const toggle = () => (state === undefined ? open(row, context) : close(row, context))
  return html`
    <button class="why" aria-expanded=${state !== undefined} @click=${toggle}>${t('manager.why')}</button>
    ${state === undefined ? null : html`<div class="explanation">${outcome(state)}${state.answer?.ok ? checks(state.answer) : null}</div>`}`
}

async function open(row, context) {
  const state = { isBusy: false, answer: null }
  known.set(row.id, state)
  while (known.size > KEPT_MAX) known.delete(known.keys().next().value)
  await ask(state, context, () => get(`/api/explain?event=${row.id}`))
}

function close(row, context) {
  known.delete(row.id)
  context.show()
}

function checks(told) {
  const { outcome, reason } = told.recorded
  return html`
    <p><strong>${t('manager.why.recorded')}: ${t(`manager.kind.${outcome}`)}</strong> – ${reasonText(reason)}</p>
    ${told.differs ? html`<p>${t('manager.why.differs')}</p>` : null}
    <p class="quiet">${t('manager.why.note', { policy: told.policy.join(', ') })}</p>
    <ul class="checks">${told.checks.map(check)}</ul>
    <p><strong>${t('manager.why.verdict')}: ${t(`manager.answer.${told.verdict}`)}</strong> – ${reasonText(told.reason)}</p>`
}

function check(one) {
  const hasPassed = one.outcome === 'passed'
  const from =
    one.key === null
      ? ''
      : t('manager.why.from', { key: one.key, layer: one.layer ?? t('manager.why.default') })
  return html`
    <li class=${one.outcome}>
      <span class="mark" aria-hidden="true">${hasPassed ? '✓' : one.outcome === 'noted' ? 'i' : '✕'}</span>
      <span>${named(`manager.check.${one.check}`, one.check)}: ${hasPassed ? t('manager.check.passed') : reasonText(one.reason)}
      ${from === '' ? null : html`<span class="quiet">${from}</span>`}</span>
    </li>`
}
