// The last scan of each lane: it fills the screen with a colour, a word, a sign and a sentence.

import { html } from '/static/vendor/lit-html.js'
import { formatTime, has, t } from '/static/js/texts.js'
import { icon } from '/static/js/desk/icons.js'
import { loadOf, nameOf, newestLane, nowOf, tileOf, turnedAway } from '/static/js/desk/views.js'

const ICONS = {
  stale: 'fault',
  refused: 'stop',
  referred: 'ask',
  breached: 'fault',
  locked: 'lock',
  closed: 'clock'
}

export function tiles(desk) {
  const lanes = Object.keys(desk.live.status.lanes)
  const nowMs = nowOf(desk.live)
  const shown = lanes.includes(desk.lane) ? desk.lane : newestLane(desk.live)
  const views = lanes.map((lane) => [lane, tileOf(desk.live, lane, nowMs)])
  return html`
    <section class="lanes" aria-label=${t('desk.lanes')} @touchstart=${desk.swipeBegin} @touchend=${desk.swipeEnd}>
      ${lanes.length > 1 ? tabs(desk, views, shown) : null}
      <div class="tiles">${views.map(([lane, view]) => tile(desk, lane, view, lane === shown, lanes.length > 1))}</div>
    </section>`
}

function tabs(desk, views, shown) {
  return html`
    <nav class="tabs" aria-label=${t('desk.lanes')}>
      ${views.map(
        ([
          lane,
          view
        ]) => html`<button class="tab ${view.kind}" aria-pressed=${lane === shown ? 'true' : 'false'}
          @click=${() => desk.pickLane(lane)}>${icon(iconOf(view))}<span>${lane}</span><small>${wordOf(view)}</small></button>`
      )}
    </nav>`
}

function tile(desk, lane, view, isShown, isOneOfMany) {
  const { kind, row } = view
  return html`
    <article class="tile ${kind} ${isShown ? 'shown' : ''}" data-lane=${lane} data-kind=${kind} data-passage=${view.passage ?? ''}>
      ${isOneOfMany ? html`<h2 class="lane">${lane}</h2>` : html`<h2 class="lane unseen">${lane}</h2>`}
      ${icon(iconOf(view))}
      <p class="word">${wordOf(view)}</p>
      ${row?.referral !== undefined && kind === 'referred' ? html`<p class="number">${t('desk.number', { number: row.referral })}</p>` : null}
      <p class="sentence">${sentenceOf(desk, lane, view)}</p>
      ${view.passage === undefined ? null : html`<p class="passage">${t(`desk.passage.${view.passage}`)}</p>`}
      ${row === undefined ? null : facts(desk, row)}
    </article>`
}

// What somebody is here as tells bystanders of a patient or a client: only where it is wanted.
function facts(desk, row) {
  const isOpen = desk.details
  const way = row.class === 'access' ? t(`desk.way.${row.direction}`) : null
  return html`
    <p class="facts">
      ${way === null ? null : html`<span>${way}</span>`}
      ${isOpen && row.category !== undefined ? html`<span class="category">${categoryText(row.category)}</span>` : null}
      <span>${formatTime(row.at, true)}</span>
    </p>`
}

// Who it was, as people say it: a terminal and the centre have no label.
export function officerText(officer) {
  if (officer.startsWith('uid:')) return t('desk.terminal')
  return officer.startsWith('centre:') ? t('desk.centre') : nameOf(officer)
}

export function categoryText(category) {
  const key = `desk.category.${category}`
  return has(key) ? t(key) : category.replaceAll('_', ' ')
}

function iconOf({ kind, row }) {
  if (kind === 'admitted') return row.direction === 'exit' ? 'leave' : 'go'
  return ICONS[kind] ?? kind
}

export function wordOf({ kind, row }) {
  if (kind === 'admitted' && row.direction === 'exit') return t('desk.word.leave')
  return t(`desk.word.${kind}`)
}

export function sentenceOf(desk, lane, { kind, row }) {
  if (row?.class === 'access') return t(`reason.${row.reason}`)
  if (row !== undefined) return t('desk.rest.breached')
  const { status, rows } = desk.live
  const { prompt } = status.lanes[lane]
  if (kind === 'ready' && prompt !== null) return t(`prompt.${prompt}`)
  if (kind === 'full') {
    const { total, limit } = loadOf(status, desk.terms) ?? status.occupancy
    const turned = turnedAway(rows, nowOf(desk.live))
    const full = limit === undefined ? t('desk.full_kind') : t('desk.full', { total, limit })
    return turned > 0 ? `${full} ${t('desk.turned_away', { count: turned })}` : full
  }
  return why(status, status.lanes[lane], kind) ?? t(`desk.rest.${kind}`)
}

// Why a lane does not let people in as usual.
function why(status, state, kind) {
  if (kind === 'fire') return t('desk.why.fire', { where: status.fire.join(', ') })
  if (!['locked', 'free'].includes(kind) || state.officer === undefined) return null
  const told = {
    officer: officerText(state.officer),
    at: formatTime(state.since),
    reason: state.reason ?? ''
  }
  const said = t(`desk.why.${kind}`, told)
  return told.reason === '' ? `${said}.` : `${said}: ${told.reason}.`
}
