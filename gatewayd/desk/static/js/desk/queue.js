// Who waits for the officer beside the lanes: referred people by number, and calls for help.

import { html } from '/static/vendor/lit-html.js'
import { repeat } from '/static/vendor/directives/repeat.js'
import { t } from '/static/js/texts.js'
import { icon } from '/static/js/desk/icons.js'
import { declaring, missing, wishes } from '/static/js/desk/declaring.js'
import { picks, REASONS, sheet } from '/static/js/desk/parts.js'
import { categoryText, officerText } from '/static/js/desk/tiles.js'
import { clockText, nameOf, nowOf, secondsLeft } from '/static/js/desk/views.js'

const SOON_S = 60
const FORGIVABLE_MS = 60_000 // They stand there for so long.
const TOPICS = {
  status_yellow: 'status',
  status_red: 'status',
  status_unknown: 'unknown',
  unknown_holder: 'unknown',
  region_test: 'region',
  origin_unknown: 'region',
  age: 'age',
  roster_old: 'list',
  unknown_category: 'list'
}

export function queue(desk) {
  const { referred, assists } = desk.live.status
  const insiders = forgivable(desk)
  const count = referred.length + assists.length + insiders.length
  return html`
    <section class="queue" aria-label=${t('desk.queue')}>
      <h2>${t('desk.queue')}${count === 0 ? null : html` <span class="count">${count}</span>`}</h2>
      ${count === 0 ? html`<p class="quiet">${t('desk.nobody_waits')}</p>` : null}
      <ul>
        ${repeat(
          insiders,
          (row) => row.id,
          (row) => insiderCard(desk, row)
        )}
        ${repeat(
          referred,
          (one) => `r${one.referral}`,
          (one) => referralCard(desk, one)
        )}
        ${repeat(
          assists,
          (one) => `a${one.assist}`,
          (one) => assistCard(desk, one)
        )}
      </ul>
    </section>`
}

// Those who were refused a moment ago since by the records they are inside: the last of each lane.
function forgivable(desk) {
  const nowMs = nowOf(desk.live)
  const lasts = Object.keys(desk.live.status.lanes).map((lane) =>
    desk.live.rows.find((row) => row.lane === lane && row.class === 'access' && row.direction === 'entry')
  )
  return lasts.filter(
    (row) =>
      row?.reason === 'already_inside' &&
      row.outcome === 'refused' &&
      nowMs - Date.parse(row.at) < FORGIVABLE_MS &&
      !desk.forgiven.has(row.id)
  )
}

function insiderCard(desk, row) {
  const id = `forgive-${row.id}`
  const forgive = async () => {
    const body = { event: row.id, reason: REASONS.forgive.left_unseen }
    const answer = await desk.act(id, '/api/forgive', body, t('desk.said.forgiven'))
    if (answer.ok) desk.forgiven.add(row.id)
    desk.show()
  }
  return html`
    <li class="help" data-insider=${row.lane}>
      ${icon('leave')}
      <p><strong>${row.lane}</strong> ${t('desk.recorded_inside')}</p>
      <button class="primary" data-do="forgive" ?disabled=${desk.isOff(id)} @click=${forgive}>${t('desk.forgive')}</button>
    </li>`
}

function referralCard(desk, one) {
  const left = secondsLeft(one.until, nowOf(desk.live))
  const open = () => desk.openSheet({ name: 'referral', number: one.referral, lane: one.lane })
  return html`
    <li><button class="call ${left < SOON_S ? 'soon' : ''}" data-referral=${one.referral} @click=${open}>
      ${icon('ask')}<strong>${t('desk.number', { number: one.referral })}</strong>
      <span>${one.lane}</span><span class="left">${icon('clock')}${clockText(left)}</span>
    </button></li>`
}

function assistCard(desk, one) {
  const waited = Math.max(0, (nowOf(desk.live) - Date.parse(one.at)) / 1000)
  const id = `assist-${one.assist}`
  const take = () =>
    desk.act(id, '/api/assist_take', { assist: one.assist }, t('desk.said.taken', { lane: one.lane }))
  const done = () =>
    desk.act(
      id,
      '/api/assist_done',
      { assist: one.assist },
      t('desk.said.helped', { lane: one.lane, time: clockText(waited) })
    )
  const isMine = one.by !== undefined && nameOf(one.by) === desk.me.label
  return html`
    <li class="help" data-assist=${one.assist}>
      ${icon('help')}
      <p><strong>${t('desk.help_at', { lane: one.lane })}</strong> ${t(`desk.cause.${one.cause}`)} · ${clockText(waited)}
        ${one.by === undefined ? null : html`<em>${isMine ? t('desk.helped_by_me') : t('desk.helped_by', { officer: officerText(one.by) })}</em>`}</p>
      ${
        one.by === undefined
          ? html`<button class="primary" ?disabled=${desk.isOff(id)} @click=${take}>${t('desk.i_help')}</button>`
          : html`<button class="go" ?disabled=${desk.isOff(id)} @click=${done}>${t('desk.helped')}</button>`
      }
    </li>`
}

// --- one referral: what to check, admit, refuse ---

export function referralSheet(desk) {
  const { number } = desk.sheet
  const one = desk.live.status.referred.find((row) => row.referral === number)
  const title = t('desk.number', { number })
  const waiting = desk.live.status.referred.length - (one === undefined ? 0 : 1)
  const frame = { title, close: desk.closeSheet, waiting }
  if (one === undefined) return sheet(frame, html`<p class="lead">${t('desk.settled', { number })}</p>`)
  return sheet(frame, asking(desk, one), answering(desk, one))
}

function asking(desk, one) {
  const left = secondsLeft(one.until, nowOf(desk.live))
  const draft = desk.settle
  const lanes = Object.keys(desk.live.status.lanes)
  const set = (change) => desk.draft('settle', change)
  const reasons = Object.keys(REASONS.refuse)
  const reasonText = (reason) => t(`desk.reason.${reason}`)
  return html`
    <p class="lead">${one.lane} · <span class="left">${t('desk.left', { time: clockText(left) })}</span>
      ${desk.details && one.category !== null ? html` · ${categoryText(one.category)}` : null}</p>
    <h3>${t('desk.check')}</h3>
    <ol class="check">${t(`desk.check.${TOPICS[one.reason] ?? 'other'}`)
      .split('|')
      .map((line) => html`<li>${line}</li>`)}</ol>
    ${wishes(desk, draft, set, true)}
    ${lanes.length > 1 ? picks({ label: t('desk.lane'), values: lanes, texts: (it) => it, chosen: draft.lane ?? one.lane, choose: (it) => set({ lane: it }) }) : null}
    <details><summary>${t('desk.refuse_reason')}: ${reasonText(draft.refuse)}</summary>
      ${picks({ label: t('desk.refuse_reason'), values: reasons, texts: reasonText, chosen: draft.refuse, choose: (it) => set({ refuse: it }) })}
    </details>`
}

function answering(desk, one) {
  const id = `referral-${one.referral}`
  const { referral } = one
  const draft = desk.settle
  const lane = draft.lane ?? one.lane
  const lacks = missing(desk, draft)
  const settle = async (path, body, said) => {
    const answer = await desk.act(id, path, { referral, ...body }, said)
    if (answer.ok) desk.closeSheet()
  }
  const admit = () =>
    settle(
      '/api/admit',
      { lane, ...declaring(desk, draft) },
      t('desk.said.admitted', { number: referral, lane })
    )
  const refuse = () =>
    settle(
      '/api/refuse',
      { reason: REASONS.refuse[draft.refuse] },
      t('desk.said.refused', { number: referral })
    )
  return html`
    ${desk.declared === '' ? null : html`<p class="quiet">${t('desk.you_declare', { what: desk.declared })}</p>`}
    ${desk.offText(lacks)}
    <div class="pair">
      <button class="stop big" data-do="refuse" ?disabled=${desk.isOff(id)} @click=${refuse}>${icon('stop')}${t('desk.refuse')}</button>
      <button class="go big" data-do="admit" ?disabled=${desk.isOffDuty(id) || lacks.length > 0} @click=${admit}>${icon('go')}${t('desk.admit')}</button>
    </div>`
}
