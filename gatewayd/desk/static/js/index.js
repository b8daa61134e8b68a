// Signing in; whoever is signed in goes on to their own page.

import { html, render } from '/static/vendor/lit-html.js'
import { get, post } from '/static/js/api.js'
import { languageButton } from '/static/js/common.js'
import { setLocale, t } from '/static/js/texts.js'

const HOMES = { officer: '/desk', manager: '/manager', technician: '/manager', auditor: '/manager' }
const page = document.getElementById('page')
let refusal = null
let isBusy = false

async function start() {
  const me = await get('/api/me')
  if (me.ok && go(me)) return
  await setLocale(localStorage.getItem('onegate.locale') ?? 'id')
  show()
}

function go(me) {
  const home = HOMES[me.role]
  const wanted = new URLSearchParams(location.search).get('to')
  if (home === undefined) return false
  location.replace(['/desk', '/manager'].includes(wanted) ? wanted : home)
  return true
}

async function signIn(event) {
  event.preventDefault()
  const form = new FormData(event.target)
  isBusy = true
  show()
  const answer = await post('/api/session', { label: form.get('label').trim(), secret: form.get('secret') })
  isBusy = false
  if (answer.ok) {
    go(answer)
    return
  }
  refusal = answer
  show()
}

function refusalText() {
  if (refusal.status === 0) return t('error.unreachable')
  return refusal.text ?? t('error.unknown')
}

function show() {
  document.title = t('entry.title')
  render(
    html`
    <main>
      <header><h1>${t('entry.title')}</h1>${languageButton(show)}</header>
      <form class="card" @submit=${signIn}>
        <label>${t('entry.label')}
          <input name="label" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
        </label>
        <label>${t('entry.secret')}
          <input name="secret" type="password" autocomplete="current-password" required>
        </label>
        ${refusal === null ? null : html`<p class="banner bad" role="alert">${refusalText()}</p>`}
        <button class="primary" ?disabled=${isBusy}>${t('entry.sign_in')}</button>
      </form>
      <p class="quiet">${t('entry.note')}</p>
    </main>`,
    page
  )
}

start()
