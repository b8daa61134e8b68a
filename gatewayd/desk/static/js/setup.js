// The first manager of a gate, made with the token that `gatewayd user setup` shows behind the #.

import { html, render } from '/static/vendor/lit-html.js'
import { get, post } from '/static/js/api.js'
import { entryPage, flawOfNew, newSecretFields } from '/static/js/entry.js'
import { setLocale, t } from '/static/js/texts.js'

const page = document.getElementById('page')
const token = location.hash.slice(1)
let site = null
let refusal = null
let isBusy = false

async function start() {
  history.replaceState(null, '', location.pathname) // Nobody reads it over a shoulder.
  const told = await get('/api/site')
  site = told.ok ? told : null
  if (told.ok && !told.set_up_needed) {
    location.replace('/')
    return
  }
  await setLocale(localStorage.getItem('onegate.locale') ?? site?.locale)
  show()
}

async function send(event) {
  event.preventDefault()
  const form = new FormData(event.target)
  refusal = flawOfNew(form) ?? (await setUp(form))
  if (refusal.ok) location.replace('/manager')
  else show()
}

async function setUp(form) {
  isBusy = true
  show()
  const answer = await post('/api/setup', {
    token,
    label: form.get('label').trim(),
    password: form.get('new')
  })
  isBusy = false
  return answer
}

function show() {
  const fields = html`
    <label>${t('entry.label')}
      <input name="label" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
    </label>
    ${newSecretFields(t('setup.password'))}`
  render(
    entryPage({
      title: t('setup.title'),
      site,
      fields,
      button: t('setup.make'),
      note: token === '' ? t('setup.no_token') : t('setup.note'),
      refusal,
      isBusy,
      send,
      show
    }),
    page
  )
}

start()
