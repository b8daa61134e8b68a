// The audit trail: what officers and users did, by whom, back to the beginning of the records.

import { html } from '/static/vendor/lit-html.js'
import { get } from '/static/js/api.js'
import { t } from '/static/js/texts.js'
import { feedList } from '/static/js/manager/feed.js'
import { ask, outcome, panel } from '/static/js/manager/pieces.js'

const trail = { isBusy: false, answer: null, who: '', rows: [], seen: '' }

export function auditSection(context) {
  // A new act of an officer makes the first page another one.
  const newest = context.live.rows.find((row) => row.kinds.includes('officer'))?.id ?? 'none'
  if (trail.seen !== newest && !trail.isBusy) {
    trail.seen = newest
    read(context)
  }
  const search = (event) => {
    event.preventDefault()
    trail.who = new FormData(event.target).get('who').trim()
    read(context)
  }
  return panel(
    t('manager.section.audit'),
    html`
      <form class="fields" @submit=${search}>
        <label>${t('manager.audit.who')}<input name="who" type="search" maxlength="200" .value=${trail.who}></label>
        <button>${t('manager.audit.search')}</button>
      </form>
      ${outcome(trail)}
      ${trail.rows.length === 0 && trail.answer?.ok ? html`<p class="quiet">${t('manager.feed.nothing')}</p>` : feedList(trail.rows)}
      ${trail.answer?.ok && trail.answer.before !== null ? html`<p class="actions"><button ?disabled=${trail.isBusy} @click=${() => read(context, trail.answer.before)}>${t('manager.feed.older')}</button></p>` : null}`,
    'feed'
  )
}

async function read(context, before) {
  const asked = {
    kind: 'officer',
    ...(trail.who === '' ? {} : { who: trail.who }),
    ...(before ? { before } : {})
  }
  await ask(trail, context, () => get(`/api/events?${new URLSearchParams(asked)}`))
  if (trail.answer.ok) trail.rows = before ? [...trail.rows, ...trail.answer.rows] : trail.answer.rows
  context.show()
}
