// The rules in force: versions, legal basis, what they make of everybody, and reading them anew.

import { html } from '/static/vendor/lit-html.js'
import { get, post } from '/static/js/api.js'
import { formatNumber, t } from '/static/js/texts.js'
import { ask, done, outcome, panel, table } from '/static/js/manager/pieces.js'
import { categoryName, moment, named, reasonText } from '/static/js/manager/words.js'

const matrix = { isBusy: false, answer: null, of: '' }
const reload = { isBusy: false, answer: null }

export function policySection(context) {
  const versions = context.live.status.policy.join(', ')
  if (matrix.of !== versions && !matrix.isBusy) {
    matrix.of = versions
    ask(matrix, context, () => get('/api/matrix'))
  }
  return html`
    ${panel(t('manager.section.policy'), html`${outcome(matrix)}${matrix.answer?.ok ? head(matrix.answer) : null}${reloader(context)}`)}
    ${matrix.answer?.ok ? tables(matrix.answer) : null}`
}

function head(told) {
  const until = told.valid_until === null ? t('manager.policy.open_end') : moment(told.valid_until)
  const facts = [
    [t('manager.policy.versions'), told.versions.join(', ')],
    [t('manager.policy.basis'), told.legal_basis ?? t('manager.policy.no_basis')],
    [t('manager.policy.valid'), `${told.valid_from === null ? '' : `${moment(told.valid_from)} – `}${until}`],
    [t('manager.policy.mode'), t(`manager.mode.${told.mode}`)],
    [t('manager.policy.limit'), told.limit === null ? t('manager.inside.any') : formatNumber(told.limit)]
  ]
  return html`
    ${told.in_force ? null : html`<p class="banner bad">${t('manager.policy.over')}</p>`}
    <dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function reloader(context) {
  if (context.is('auditor')) return null
  const again = async () => {
    await ask(reload, context, () => post('/api/reload'))
    matrix.of = ''
    context.show()
  }
  return html`
    <p class="actions"><button ?disabled=${reload.isBusy} @click=${again}>${t('manager.policy.reload')}</button></p>
    ${reload.answer?.ok === false ? html`<p class="banner bad" role="alert">${t('manager.policy.not_reloaded')}</p><ul class="problems">${reload.answer.text?.split('\n').map((line) => html`<li>${line}</li>`)}</ul>` : outcome(reload)}
    ${reload.answer?.ok ? reloaded(reload.answer) : null}`
}

function reloaded(told) {
  const notes = [
    ...told.left_out,
    ...told.needs_restart.map((name) => t('manager.policy.needs_restart', { name }))
  ]
  return html`${done(t('manager.policy.reloaded', { versions: told.policy.join(', ') }))}
    ${notes.length === 0 ? null : html`<ul class="problems">${notes.map((one) => html`<li>${one}</li>`)}</ul>`}`
}

function tables(told) {
  const statuses = told.statuses.map((status) => t(`manager.status.${status}`))
  const answers = ([category, ...cells]) =>
    html`<tr><th scope="row">${categoryName(category)}</th>${cells.map((cell) => html`<td class="answer ${cell}">${t(`manager.answer.${cell}`)}</td>`)}</tr>`
  const conditions = Object.entries(told.conditions)
  return html`
    ${panel(
      t('manager.policy.matrix'),
      html`
      ${table(t('manager.policy.matrix'), [t('manager.category'), ...statuses], told.by_status.map(answers))}
      ${conditions.length === 0 ? null : html`<h3>${t('manager.policy.conditions')}</h3><ul>${conditions.map(([status, words]) => html`<li>${t(`manager.status.${status}`)}: ${words}</li>`)}</ul>`}`
    )}
    ${panel(t('manager.policy.otherwise'), table(t('manager.policy.otherwise'), [t('manager.policy.what'), t('manager.policy.answer')], told.otherwise.map(otherwise)))}`
}

function otherwise([what, answer]) {
  const [, word, reason] = /^(\w+)(?: \((.+)\))?$/.exec(answer) ?? [null, answer, undefined]
  return html`<tr><td>${happening(what)}</td><td><span class="answer ${word}">${named(`manager.answer.${word}`, word)}</span>
    ${reason === undefined ? null : html`<span class="quiet">${reasonText(reason)}</span>`}</td></tr>`
}

// What happens is told by the gateway in English words; three of them have a part that varies.
function happening(what) {
  const full = /^(\w+), when the house is full$/.exec(what)
  if (full !== null) return t('manager.case.full', { category: categoryName(full[1]) })
  const age = /^(\d+)(?: to (\d+)| or more) years of age$/.exec(what)
  if (age !== null)
    return t(age[2] ? 'manager.case.age' : 'manager.case.age_open', { from: age[1], to: age[2] })
  return named(`manager.case.${what.toLowerCase().replaceAll(/[^a-z]+/g, '_')}`, what)
}
