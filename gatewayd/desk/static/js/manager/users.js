// Who may sign on and as what: adds with a secret that is shown once, takes away, tokens of programs.

import { html } from '/static/vendor/lit-html.js'
import { get, post, remove } from '/static/js/api.js'
import { t } from '/static/js/texts.js'
import { ask, option, outcome, panel } from '/static/js/manager/pieces.js'
import { refusal } from '/static/js/manager/words.js'

const ROLES = ['officer', 'manager', 'technician', 'auditor']
const list = { isBusy: false, answer: null }
const change = { isBusy: false, answer: null }
let leaving = null

export function usersSection(context) {
  if (list.answer === null && !list.isBusy) read(context)
  const { answer } = list
  return html`
    ${shown()}
    ${panel(
      t('manager.section.users'),
      html`
      ${outcome(list)} ${answer?.ok ? accounts(answer.accounts, context) : null}
      ${context.is('manager') ? adder(context) : null}`
    )}
    ${panel(
      t('manager.users.tokens'),
      html`
      <p class="quiet">${t('manager.users.tokens_note')}</p>
      ${answer?.ok ? tokens(answer.tokens, context) : null}
      ${context.is('manager') ? tokenAdder(context) : null}`
    )}
    ${context.is('manager') ? null : html`<p class="quiet">${t('manager.users.read_only')}</p>`}`
}

function read(context) {
  return ask(list, context, () => get('/api/users'))
}

// Asks for a change, and reads the list anew.
async function alter(context, request) {
  leaving = null
  await ask(change, context, request)
  await read(context)
}

// A secret is shown here, once: the gateway keeps only its hash.
function shown() {
  const { answer } = change
  if (answer === null || change.isBusy) return null
  if (!answer.ok) return html`<p class="banner bad" role="alert">${refusal(answer)}</p>`
  const secret = answer.secret ?? answer.token
  if (secret === undefined)
    return html`<p class="banner good" role="status">${t('manager.users.done', { label: answer.label })}</p>`
  return html`<div class="banner good secret" role="status"><p>${t('manager.users.secret', { label: answer.label })}</p><code>${secret}</code>
    <p>${t('manager.users.secret_note')}</p></div>`
}

function accounts(rows, context) {
  return html`<ul class="accounts">${rows.map(
    (one) => html`<li>
      <span><strong>${one.label}</strong> <span class="quiet">${t(`manager.role.${one.role}`)} · ${t(`manager.secret.${one.kind}`)}</span>
        ${one.must_change ? html`<span class="tag">${t('manager.users.must_change')}</span>` : null}</span>
      ${
        context.is('manager')
          ? html`<span class="cells"><button @click=${() => alter(context, () => post(`/api/users/${one.label}/secret`))}>${t('manager.users.new_secret')}</button>
            ${remover(context, `user/${one.label}`, () => remove(`/api/users/${one.label}`))}</span>`
          : null
      }</li>`
  )}</ul>`
}

// The first press asks, the second does it.
function remover(context, key, request) {
  const isAsked = leaving === key
  const press = () => {
    if (isAsked) return alter(context, request)
    leaving = key
    context.show()
  }
  return html`<button class=${isAsked ? 'stop' : ''} @click=${press}>${t(isAsked ? 'manager.users.really' : 'manager.users.remove')}</button>`
}

function adder(context) {
  const add = (event) => {
    event.preventDefault()
    const form = new FormData(event.target)
    const told = { label: form.get('label').trim(), role: form.get('role') }
    event.target.reset()
    alter(context, () => post('/api/users', told))
  }
  return html`<form class="fields" @submit=${add}>
    <label>${t('manager.users.label')}<input name="label" required pattern="[a-z0-9_\\-]+" maxlength="64" autocapitalize="none" autocomplete="off" title=${t('manager.users.label_note')}></label>
    <label>${t('manager.users.role')}<select name="role">${ROLES.map((role) => option(role, t(`manager.role.${role}`)))}</select></label>
    <button class="primary">${t('manager.users.add')}</button>
  </form>`
}

function tokens(rows, context) {
  if (rows.length === 0) return html`<p class="quiet">${t('manager.users.no_tokens')}</p>`
  return html`<ul class="accounts">${rows.map(
    (one) => html`<li>
      <span><strong>${one.label}</strong> <span class="quiet">${[t(`manager.role.${one.role}`), one.lane].filter(Boolean).join(' · ')}</span>
        <span class="quiet">${t('manager.users.used')}: ${one.used ?? t('manager.users.never')}</span></span>
      ${context.is('manager') ? html`<span class="cells">${remover(context, `token/${one.label}`, () => remove(`/api/tokens/${one.label}`))}</span>` : null}</li>`
  )}</ul>`
}

function tokenAdder(context) {
  const lanes = Object.keys(context.live.status.lanes)
  const add = (event) => {
    event.preventDefault()
    const form = new FormData(event.target)
    const told = { label: form.get('label').trim(), role: form.get('role') }
    if (told.role === 'display') told.lane = form.get('lane')
    event.target.reset()
    alter(context, () => post('/api/tokens', told))
  }
  return html`<form class="fields" @submit=${add}>
    <label>${t('manager.users.label')}<input name="label" required pattern="[a-z0-9_\\-]+" maxlength="64" autocapitalize="none" autocomplete="off" title=${t('manager.users.label_note')}></label>
    <label>${t('manager.users.role')}<select name="role">${['display', ...ROLES].map((role) => option(role, t(`manager.role.${role}`)))}</select></label>
    <label>${t('manager.users.lane')}<select name="lane">${lanes.map((lane) => option(lane, lane))}</select></label>
    <button>${t('manager.users.add_token')}</button>
  </form>`
}
