// The whole gate: locked, free, or as usual, and why; and the doors that have to stay shut.

import { html } from '/static/vendor/lit-html.js'
import { formatTime, t } from '/static/js/texts.js'
import { holdButton } from '/static/js/desk/hold.js'
import { icon } from '/static/js/desk/icons.js'
import { picks, REASONS, sheet } from '/static/js/desk/parts.js'
import { sentenceOf } from '/static/js/desk/tiles.js'
import { restOf } from '/static/js/desk/views.js'

const MINUTES = [5, 15, 30, 60]
const ALL = '*'

export function blankGate() {
  return { lane: ALL, reason: 'unrest', minutes: 15, door_reason: 'delivery' }
}

// The one word for how the gate is, of all its lanes: the gravest first.
export function gateKind(status) {
  const lanes = Object.values(status.lanes)
  if (lanes.some((lane) => lane.fire)) return 'fire'
  if (lanes.some((lane) => lane.order === 'free')) return 'free'
  if (lanes.some((lane) => lane.order === 'exit_only')) return 'locked'
  if (lanes.some((lane) => !lane.linked || lane.fault)) return 'fault'
  if (Object.values(status.doors).some((door) => ['held', 'forced'].includes(door.state))) return 'door'
  return status.open ? 'ready' : 'closed'
}

const ICONS = { locked: 'lock', closed: 'clock' }

export function gateChip(desk) {
  const kind = gateKind(desk.live.status)
  return html`
    <button class="chip gate ${kind}" data-sheet="gate" @click=${() => desk.openSheet({ name: 'gate' })}>
      ${icon(ICONS[kind] ?? kind)}<small>${t(`desk.gate.${kind}`)}</small><span class="unseen">${t('desk.gate')}</span>
    </button>`
}

export function gateSheet(desk) {
  const { status } = desk.live
  const names = Object.keys(status.lanes)
  const draft = desk.gate
  const set = (change) => desk.draft('gate', change)
  const isFire = status.fire.length > 0
  const isNormal = Object.values(status.lanes).every((lane) => lane.order === 'normal')
  const orders = [orderButton(desk, 'lock', 'stop', isFire), orderButton(desk, 'free', 'ask', false)]
  const resume = orderButton(desk, 'resume', 'go', isFire || isNormal)
  const isCalm = ['ready', 'closed'].includes(gateKind(status))
  const states = html`<ul class="states">${names.map((name) => laneLine(desk, name))}</ul>`
  return sheet(
    { title: t('desk.gate'), close: desk.closeSheet, waiting: status.referred.length },
    html`
    ${isCalm ? null : states}
    ${isFire ? html`<p class="banner bad">${t('desk.in_fire')}</p>` : null}
    <div class="holds">${isNormal ? [...orders, resume] : [resume, ...orders]}</div>
    ${names.length > 1 ? picks({ label: t('desk.which'), values: [ALL, ...names], texts: (it) => (it === ALL ? t('desk.all_lanes') : it), chosen: draft.lane, choose: (it) => set({ lane: it }) }) : null}
    ${picks({ label: t('desk.reason'), values: Object.keys(REASONS.gate), texts: (it) => t(`desk.reason.${it}`), chosen: draft.reason, choose: (it) => set({ reason: it }) })}
    ${isCalm ? states : null}
    ${doors(desk)}`
  )
}

function laneLine(desk, name) {
  const kind = restOf(desk.live.status, desk.live.status.lanes[name])
  return html`<li class=${kind}>${icon(ICONS[kind] ?? kind)}<p><strong>${name}: ${t(`desk.gate.${kind}`)}</strong><br>${sentenceOf(desk, name, { kind })}</p></li>`
}

function orderButton(desk, order, kind, isNever) {
  const { lane, reason } = desk.gate
  const why = order === 'resume' ? REASONS.resume.over : REASONS.gate[reason]
  const body = { order, reason: why, ...(lane === ALL ? {} : { lane }) }
  const where = lane === ALL ? t('desk.all_lanes') : lane
  return holdButton({
    id: order,
    kind,
    label: t(`desk.order.${order}`),
    says: t(`desk.order_says.${order}`, { where }),
    isOff: desk.isOff('gate') || isNever,
    show: desk.show,
    done: () => desk.act('gate', '/api/lane', body, t(`desk.said.${order}`, { where }))
  })
}

// --- doors ---

function doors(desk) {
  const all = Object.entries(desk.live.status.doors)
  if (all.length === 0) return null
  const draft = desk.gate
  const set = (change) => desk.draft('gate', change)
  return html`
    <h3>${t('desk.doors')}</h3>
    ${picks({ label: t('desk.minutes'), values: MINUTES, texts: (it) => String(it), chosen: draft.minutes, choose: (it) => set({ minutes: it }) })}
    ${picks({ label: t('desk.reason'), values: Object.keys(REASONS.door), texts: (it) => t(`desk.reason.${it}`), chosen: draft.door_reason, choose: (it) => set({ door_reason: it }) })}
    <ul class="states doors">${all.map(([id, door]) => doorLine(desk, id, door))}</ul>`
}

function doorLine(desk, id, door) {
  const isBroken = ['held', 'forced'].includes(door.state)
  const { minutes, door_reason: reason } = desk.gate
  const allow = { door: id, order: 'allow', minutes, reason: REASONS.door[reason] }
  const state = door.seen ? t(`desk.door.${door.state}`) : t('desk.door.unseen')
  const since = door.since === undefined ? '' : ` ${t('desk.since', { at: formatTime(door.since) })}`
  const busy = desk.isOff(`door-${id}`)
  return html`
    <li class=${isBroken ? 'fault' : door.state === 'closed' ? 'ready' : 'ask'} data-door=${id}>
      ${icon('door')}<p><strong>${door.name}: ${state}</strong>${since}<br>${door.allowed ? t('desk.allowed') : null}</p>
      ${
        door.allowed
          ? html`<button data-do="watch" ?disabled=${busy} @click=${() => desk.act(`door-${id}`, '/api/door', { door: id, order: 'watch' }, t('desk.said.watched', { door: door.name }))}>${t('desk.watch')}</button>`
          : html`<button class="primary" data-do="allow" ?disabled=${busy} @click=${() => desk.act(`door-${id}`, '/api/door', allow, t('desk.said.allowed', { door: door.name, minutes }))}>${t('desk.allow', { minutes })}</button>`
      }
    </li>`
}
