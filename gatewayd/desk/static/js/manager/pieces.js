// Pieces that sections share: panels, tables, messages, links that download.

import { html } from '/static/vendor/lit-html.js'
import { t } from '/static/js/texts.js'
import { refusal } from '/static/js/manager/words.js'

export function panel(title, content, kind = '') {
  return html`<section class="panel ${kind}"><h2>${title}</h2>${content}</section>`
}

// A table that scrolls by itself where it is wider than a phone.
export function table(caption, heads, rows) {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label=${caption}>
      <table>
        <caption class="unseen">${caption}</caption>
        <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
        <tbody>${rows}</tbody>
      </table>
    </div>`
}

// What became of a request: nothing yet, on its way, no.
export function outcome(state) {
  if (state.isBusy) return html`<p class="quiet" role="status">${t('manager.busy')}</p>`
  if (state.answer && !state.answer.ok) return bad(refusal(state.answer))
  return null
}

export function bad(text) {
  return html`<p class="banner bad" role="alert">${text}</p>`
}

export function done(text) {
  return html`<p class="banner good" role="status">${text}</p>`
}

export function downloads(links) {
  return html`<p class="actions">${links.map(([text, address]) => html`<a class="button" href=${address} download>${text}</a>`)}</p>`
}

// Sends a request and draws before and after; what is sent twice is answered once.
export async function ask(state, context, request) {
  if (state.isBusy) return
  state.isBusy = true
  context.show()
  state.answer = await request()
  state.isBusy = false
  context.show()
}

export function option(value, text, chosen) {
  return html`<option value=${value} ?selected=${value === chosen}>${text}</option>`
}
