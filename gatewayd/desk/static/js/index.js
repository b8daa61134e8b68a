// Signing in; whoever is signed in goes on to their own page.

import { html, render } from '/static/vendor/lit-html.js'
import { get, post } from '/static/js/api.js'
import { entryPage, flawOfNew, newSecretFields } from '/static/js/entry.js'
import { setLocale, t } from '/static/js/texts.js'

const HOMES = { officer: '/desk', manager: '/manager', technician: '/manager', auditor: '/manager' }
const page = document.getElementById('page')
let site = null
let once = null // What somebody signed in with that is good for one time.
let refusal = null
let isBusy = false

async function start() {
  const [me, told] = await Promise.all([get('/api/me'), get('/api/site')])
  if (me.ok && go(me)) return
  site = told.ok ? told : null
  await setLocale(localStorage.getItem('onegate.locale') ?? site?.locale)
  show()
}

function go(me) {
  const home = HOMES[me.role]
  const wanted = new URLSearchParams(location.search).get('to')
  if (home === undefined) return false
  location.replace(['/desk', '/manager'].includes(wanted) ? wanted : home)
  return true
}

async function send(event) {
  event.preventDefault()
  const form = new FormData(event.target)
  const flaw = once === null ? null : flawOfNew(form)
  if (flaw === null) await signIn(form)
  else refusal = flaw
  show()
}

async function signIn(form) {
  const typed = once ?? { label: form.get('label').trim(), secret: form.get('secret') }
  isBusy = true
  show()
  const answer = await post('/api/session', once === null ? typed : { ...typed, new: form.get('new') })
  isBusy = false
  refusal = answer
  if (answer.ok) {
    refusal = null
    go(answer)
  } else if (answer.code === 'must_change') {
    once = typed
  } else if (answer.code === 'wrong') {
    once = null
  }
}

function show() {
  const isChange = once !== null
  render(
    entryPage({
      title: t('entry.title'),
      site,
      fields: isChange ? newSecretFields(t('entry.new')) : nameAndSecret(),
      button: isChange ? t('entry.change') : t('entry.sign_in'),
      note: site?.set_up_needed ? t('entry.set_up_needed') : t('entry.note'),
      refusal,
      isBusy,
      send,
      show
    }),
    page
  )
}

function nameAndSecret() {
  return html`
    <label>${t('entry.label')}
      <input name="label" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
    </label>
    <label>${t('entry.secret')}
      <input name="secret" type="password" autocomplete="current-password" required>
    </label>`
}

start()
