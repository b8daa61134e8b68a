// A trace: who was inside together with somebody, once two people typed in their codes.

import { html } from '/static/vendor/lit-html.js'
import { post } from '/static/js/api.js'
import { t } from '/static/js/texts.js'
import { ask, outcome, table } from '/static/js/manager/pieces.js'
import { categoryName, moment } from '/static/js/manager/words.js'

const state = { isBusy: false, answer: null }

export function traceSection(context) {
  return html`
    <p class="quiet">${t('manager.trace.note')}</p>
    <form @submit=${(event) => send(event, context)}>
      <div class="fields">
        <label>${t('manager.trace.id')}<input name="id" maxlength="64" autocomplete="off"></label>
        <label>${t('manager.trace.badge')}<input name="badge" type="number" min="1" max="999"></label>
        <label>${t('manager.trace.days')}<input name="days" type="number" min="1" max="90" value="14" required></label>
        <label>${t('manager.trace.minutes')}<input name="minutes" type="number" min="1" max="1440" value="15" required></label>
        <label>${t('manager.trace.first_code')}<input name="first" type="password" autocomplete="off" required></label>
        <label>${t('manager.trace.second_code')}<input name="second" type="password" autocomplete="off" required></label>
      </div>
      <label class="check"><input name="further" type="checkbox"> ${t('manager.trace.further')}</label>
      <p class="actions"><button class="primary" ?disabled=${state.isBusy}>${t('manager.trace.ask')}</button></p>
    </form>
    ${outcome(state)} ${state.answer?.ok ? found(state.answer) : null}`
}

function send(event, context) {
  event.preventDefault()
  const form = new FormData(event.target)
  const [person, badge] = [form.get('id').trim(), form.get('badge')]
  const asked = {
    ...(person !== '' ? { id: person } : badge !== '' ? { badge: Number(badge) } : {}),
    days: Number(form.get('days')),
    minutes: Number(form.get('minutes')),
    generations: form.get('further') ? 2 : 1,
    codes: [form.get('first'), form.get('second')]
  }
  for (const name of ['first', 'second']) event.target.elements[name].value = ''
  ask(state, context, () => post('/api/trace', asked))
}

function found(told) {
  const heads = [
    t('manager.trace.generation'),
    t('manager.muster.who'),
    t('manager.category'),
    t('manager.trace.together'),
    t('manager.trace.first')
  ]
  return html`
    <p role="status"><strong>${t('manager.trace.found', { n: told.contacts.length })}</strong>
      ${t('manager.trace.stays', { n: told.stays.length })} ${t('manager.trace.released', { who: told.released_by.join(', ') })}</p>
    ${told.contacts.length === 0 ? null : table(t('manager.reports.trace'), heads, told.contacts.map(line))}
    <p class="quiet">${t('manager.trace.others', { n: told.others })} ${told.nameless > 0 ? t('manager.trace.nameless', { n: told.nameless }) : ''}</p>
    ${told.contacts.length === 0 ? null : html`<p class="actions"><button @click=${() => save(told)}>CSV</button></p>`}`
}

function line(one) {
  const [first] = one.meetings
  return html`<tr><td>${one.generation}</td><td class="name">${called(one)}</td><td>${categoryName(one.category)}</td>
    <td>${t('manager.span.minutes', { n: Math.round(one.minutes) })}</td><td>${moment(first.begin)}</td></tr>`
}

// By the number of the badge, or by the pseudonym: the centre knows whose it is.
function called(one) {
  return one.badge === null
    ? one.holder
    : t('manager.muster.badge', { n: String(one.badge).padStart(3, '0') })
}

function save(told) {
  const rows = told.contacts.flatMap((one) =>
    one.meetings.map((each) => [
      one.generation,
      one.holder,
      one.badge ?? '',
      one.category,
      each.begin,
      each.end,
      each.certain
    ])
  )
  const lines = [['generation', 'who', 'badge', 'category', 'begin', 'end', 'certain'], ...rows]
  const text = lines.map((cells) => cells.join(',')).join('\r\n')
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([`\ufeff${text}\r\n`], { type: 'text/csv' }))
  link.download = `trace-${told.ends.slice(0, 10)}.csv`
  link.click()
  URL.revokeObjectURL(link.href)
}
