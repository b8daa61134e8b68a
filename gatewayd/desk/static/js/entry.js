// What the pages before the sign-in have in common: one form, and why it was refused.

import { html } from '/static/vendor/lit-html.js'
import { languageButton } from '/static/js/common.js'
import { has, t } from '/static/js/texts.js'

// Shows a page with one form. `refusal`: the answer that was no, null without one.
export function entryPage({ title, site, fields, button, note, refusal, isBusy, send, show }) {
  document.title = title
  return html`
    <main>
      <header>
        <div>
          <h1>${title}</h1>
          ${site === null ? null : html`<p class="quiet">${site.name}</p>`}
        </div>
        ${languageButton(show)}
      </header>
      <form class="card" @submit=${send}>
        ${fields}
        ${refusal === null ? null : html`<p class="banner bad" role="alert">${refusalText(refusal)}</p>`}
        <button class="primary" ?disabled=${isBusy}>${button}</button>
      </form>
      <p class="quiet">${note}</p>
    </main>`
}

// A new secret, typed twice: nobody sees what they type.
export function newSecretFields(label) {
  return html`
    <label>${label}
      <input name="new" type="password" autocomplete="new-password" required>
    </label>
    <label>${t('entry.repeat')}
      <input name="repeat" type="password" autocomplete="new-password" required>
    </label>`
}

// Returns what is wrong with it before anybody is asked, null if nothing is.
export function flawOfNew(form) {
  return form.get('new') === form.get('repeat') ? null : { code: 'mismatch' }
}

function refusalText(refusal) {
  if (refusal.status === 0) return t('error.unreachable')
  if (refusal.code === 'mismatch') return t('entry.mismatch')
  const key = `access.${refusal.code}`
  return has(key) ? t(key) : (refusal.text ?? t('error.unknown'))
}
