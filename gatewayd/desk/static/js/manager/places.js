// Lanes and doors: how each is, since when, why, and by whose order.

import { html } from '/static/vendor/lit-html.js'
import { t } from '/static/js/texts.js'
import { panel } from '/static/js/manager/pieces.js'
import { named, personName, since } from '/static/js/manager/words.js'

export function placesSection(context) {
  const { status } = context.live
  return html`
    ${panel(t('manager.places.lanes'), html`<ul class="places">${laneRows(status)}</ul>`, 'standing')}
    ${panel(
      t('manager.places.doors'),
      Object.keys(status.doors).length === 0
        ? html`<p class="quiet">${t('manager.places.no_doors')}</p>`
        : html`<ul class="places">${doorRows(status)}</ul>`,
      'standing'
    )}
    ${context.is('manager') ? html`<p class="quiet">${t('manager.places.orders')} <a href="/desk">${t('manager.to_desk')}</a></p>` : null}`
}

export function laneRows(status) {
  return Object.entries(status.lanes).map(([name, lane]) =>
    place(name, laneState(lane), laneWhy(status, name, lane))
  )
}

export function doorRows(status) {
  return Object.entries(status.doors).map(([name, door]) =>
    place(door.name || name, doorState(door), doorWhy(status, name, door))
  )
}

function place(name, [word, colour], why) {
  return html`
    <li class=${colour}>
      <span class="mark ${colour}" aria-hidden="true">${colour === 'green' ? '✓' : colour === 'red' ? '✕' : '!'}</span>
      <span><strong>${name}</strong> <span class="state">${word}</span>
      ${why.length === 0 ? null : html`<span class="quiet why-so">${why.join(' · ')}</span>`}</span>
    </li>`
}

function laneState(lane) {
  if (!lane.linked) return [t('manager.lane.unlinked'), 'red']
  if (lane.fault) return [t('manager.lane.fault'), 'red']
  if (lane.fire) return [t('manager.lane.fire'), 'red']
  if (lane.order !== 'normal') return [t(`manager.lane.${lane.order}`), 'yellow']
  const doing = named(`manager.lane.${lane.state}`, lane.state)
  return [lane.waiting > 0 ? `${doing} (${t('manager.lane.waiting', { n: lane.waiting })})` : doing, 'green']
}

function laneWhy(status, name, lane) {
  const alarm = status.alarm_rows.find(
    (row) => row.subject === name && ['link_lost', 'turnstile_fault', 'fire'].includes(row.alarm)
  )
  if (alarm?.at !== undefined) return [since(alarm.at), alarm.detail?.reason].filter(Boolean)
  if (lane.order === 'normal' || lane.since === undefined) return []
  return [since(lane.since), orderedBy(lane), lane.reason].filter(Boolean)
}

function orderedBy(told) {
  return told.officer === undefined ? '' : t('manager.ordered_by', { who: personName(told.officer) })
}

function doorState(door) {
  if (!door.seen) return [t('manager.door.unwatched'), 'yellow']
  if (door.state === 'closed')
    return [t(door.allowed ? 'manager.door.allowed' : 'manager.door.closed'), 'green']
  return [t(`manager.door.${door.state}`), door.state === 'open' ? 'yellow' : 'red']
}

function doorWhy(status, name, door) {
  const alarm = status.alarm_rows.find((row) => row.subject === name)
  const at = alarm?.at ?? (door.state === 'closed' ? undefined : door.since)
  return at === undefined ? [] : [since(at)]
}
