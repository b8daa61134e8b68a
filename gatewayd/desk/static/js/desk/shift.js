// Being on duty: begun, handed over with a note and what is still open, ended.

import { html } from '/static/vendor/lit-html.js'
import { remove } from '/static/js/api.js'
import { formatTime, t } from '/static/js/texts.js'
import { icon } from '/static/js/desk/icons.js'
import { sheet } from '/static/js/desk/parts.js'
import { gateKind } from '/static/js/desk/gate.js'
import { dutyOf, nameOf } from '/static/js/desk/views.js'

const NOTE_MAX = 200

// Shown while the officer of this page is off duty, and somebody has to be on it to let people in.
export function dutyBanner(desk) {
  const { status } = desk.live
  if (dutyOf(status, desk.me) !== null || (!status.officer_required && desk.me.role !== 'officer'))
    return null
  return html`
    <div class="duty">
      <p>${t('desk.off_duty')}</p>
      <button class="primary big" data-do="begin" ?disabled=${desk.isOff('duty')} @click=${() => begin(desk)}>${t('desk.begin')}</button>
    </div>`
}

function begin(desk) {
  return desk.act('duty', '/api/officer', { sign: 'in' }, t('desk.said.begun'))
}

export function shiftSheet(desk) {
  const { status } = desk.live
  const duty = dutyOf(status, desk.me)
  const note = status.handover.note ?? ''
  return sheet(
    { title: t('desk.shift'), close: desk.closeSheet, waiting: status.referred.length },
    html`
    <p class="lead">${duty === null ? t('desk.not_on_duty', { officer: desk.me.label }) : t('desk.on_duty', { officer: desk.me.label, at: formatTime(duty.since) })}</p>
    ${note === '' ? null : html`<blockquote class="card"><p>${note}</p><footer>${nameOf(status.handover.officer)}, ${formatTime(status.handover.at)}</footer></blockquote>`}
    <h3>${t('desk.open_items')}</h3>
    <ul class="open">${openItems(status).map((one) => html`<li>${one}</li>`)}</ul>
    ${duty === null ? html`<button class="primary big" data-do="begin" ?disabled=${desk.isOff('duty')} @click=${() => begin(desk)}>${t('desk.begin')}</button>` : null}
    <label>${t('desk.note')}
      <textarea name="note" rows="3" maxlength=${NOTE_MAX} .value=${desk.note} @input=${(event) => desk.setNote(event.target.value)}></textarea>
    </label>
    <p class="quiet">${t('desk.note_hint')}</p>
    <div class="pair">
      <button class="big" data-do="leave-note" ?disabled=${desk.isOff('duty')} @click=${() => leaveNote(desk)}>${t('desk.leave_note')}</button>
      <button class="stop big" data-do="end" ?disabled=${desk.isOff('duty')} @click=${() => end(desk)}>${t('desk.end')}</button>
    </div>`
  )
}

// What the next officer has to know of without anybody's note.
function openItems(status) {
  const { referred, assists, alarms } = status
  const items = []
  const kind = gateKind(status)
  if (kind !== 'ready') items.push(`${t('desk.gate')}: ${t(`desk.gate.${kind}`)}`)
  if (referred.length > 0) items.push(t('desk.open_referrals', { count: referred.length }))
  if (assists.length > 0) items.push(t('desk.open_assists', { count: assists.length }))
  if (alarms.length > 0) items.push(t('desk.open_alarms', { count: alarms.length }))
  return items.length > 0 ? items : [html`${icon('go')}${t('desk.nothing_open')}`]
}

async function leaveNote(desk) {
  const answer = await desk.act('duty', '/api/hand_over', { note: desk.note }, t('desk.said.noted'))
  if (answer.ok) desk.setNote('')
  return answer
}

async function end(desk) {
  if (desk.note !== '' && !(await leaveNote(desk)).ok) return
  const answer = await remove('/api/session')
  if (answer.ok) location.assign('/')
  else desk.say('bad', answer.text ?? t('error.unreachable'))
}
