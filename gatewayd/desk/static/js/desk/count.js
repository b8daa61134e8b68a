// Who is inside: against the limit, by category, and corrected by hand.

import { html } from '/static/vendor/lit-html.js'
import { t } from '/static/js/texts.js'
import { icon } from '/static/js/desk/icons.js'
import { picks, REASONS, sheet, stepper } from '/static/js/desk/parts.js'
import { categoryText } from '/static/js/desk/tiles.js'
import { isFull, loadOf, nowOf, turnedAway } from '/static/js/desk/views.js'

const CHANGE_MAX = 60

export function blankCount() {
  return { category: 'visitor', by: 0, reason: 'counted' }
}

export function countChip(desk) {
  const { occupancy } = desk.live.status
  const load = loadOf(desk.live.status, desk.terms)
  const level = load?.level ?? 'calm'
  const left = occupancy.places_left.others
  return html`
    <button class="chip count ${level}" data-sheet="count" @click=${() => desk.openSheet({ name: 'count' })}>
      <span class="figure">${icon(level === 'calm' ? 'ask' : level === 'near' ? 'fault' : 'full')}${occupancy.total}${load === null ? null : html`<small>/${load.limit}</small>`}</span>
      <small>${level === 'full' ? t('desk.word.full') : left === undefined ? t('desk.inside') : t('desk.left_places', { count: left })}</small>
      <span class="unseen">${t('desk.count')}</span>
    </button>`
}

export function countSheet(desk) {
  const { occupancy, lanes } = desk.live.status
  const load = loadOf(desk.live.status, desk.terms)
  const entering = Object.values(occupancy.entering).reduce((sum, one) => sum + one, 0)
  const waiting = Object.values(lanes).reduce((sum, lane) => sum + lane.waiting, 0)
  const turned = turnedAway(desk.live.rows, nowOf(desk.live))
  return sheet(
    { title: t('desk.count'), close: desk.closeSheet, waiting: desk.live.status.referred.length },
    html`
    <p class="total ${load?.level ?? 'calm'}">${isFull(desk.live.status) ? html`${icon('full')}${t('desk.word.full')} ` : null}
      <strong>${occupancy.total}</strong>${load === null ? null : ` / ${load.limit}`}
      ${occupancy.uncertain > 0 ? html`<small>± ${occupancy.uncertain} ${t('desk.uncertain')}</small>` : null}</p>
    ${load === null ? html`<p class="quiet">${t('desk.no_limit')}</p>` : html`<meter aria-label=${t('desk.count')} min="0" max=${load.limit} high=${load.limit * 0.9} value=${load.total}></meter>`}
    <table>
      <thead><tr><th>${t('desk.category')}</th><th>${t('desk.inside')}</th><th>${t('desk.places')}</th></tr></thead>
      <tbody>${categoriesOf(desk).map(
        (one) => html`<tr><td>${categoryText(one)}</td>
        <td>${occupancy.by_category[one] ?? 0}</td><td>${occupancy.places_left[one] ?? (load === null || desk.terms.staff.includes(one) ? '–' : (occupancy.places_left.others ?? '–'))}</td></tr>`
      )}</tbody>
    </table>
    <p class="quiet">${t('desk.entering', { count: entering })} · ${t('desk.at_lanes', { count: waiting })}${turned > 0 ? ` · ${t('desk.turned_away', { count: turned })}` : ''}</p>
    ${leaving(desk)}
    ${correcting(desk)}`
  )
}

function categoriesOf(desk) {
  const inside = Object.keys(desk.live.status.occupancy.by_category)
  return [
    ...new Set([
      ...inside,
      ...Object.keys(desk.live.status.occupancy.limit).filter((one) => desk.terms.categories.includes(one)),
      'visitor'
    ])
  ]
}

function leaving(desk) {
  const category = 'visitor'
  const isNobody = (desk.live.status.occupancy.by_category[category] ?? 0) === 0
  const body = { category, by: -1, reason: REASONS.count.left_by_hand }
  return html`<button class="leave big" data-do="leave" ?disabled=${desk.isOff('count') || isNobody}
    @click=${() => desk.act('count', '/api/count', body, t('desk.said.left'))}>${icon('leave')}${t('desk.guest_left')}</button>`
}

function correcting(desk) {
  const draft = desk.count
  const set = (change) => desk.draft('count', change)
  const before = desk.live.status.occupancy.by_category[draft.category] ?? 0
  const values = [
    ...desk.terms.categories,
    ...(categoriesOf(desk).includes(desk.terms.anonymous) ? [desk.terms.anonymous] : [])
  ]
  const isCounted = draft.reason === 'counted'
  const to = Math.max(0, before + draft.by)
  const save = async () => {
    // Who counted knows the number; any other correction is a difference, whoever passes meanwhile.
    const change = isCounted ? { to } : { by: draft.by }
    const body = { category: draft.category, ...change, reason: REASONS.count[draft.reason] }
    const answer = await desk.act(
      'count',
      '/api/count',
      body,
      t('desk.said.counted', { category: categoryText(draft.category), to })
    )
    if (answer.ok) desk.draft('count', blankCount())
  }
  return html`
    <details ?open=${desk.sheet.correct === true} @toggle=${(event) => {
      desk.sheet.correct = event.target.open
    }}>
      <summary>${t('desk.correct')}</summary>
      ${picks({ label: t('desk.category'), values, texts: categoryText, chosen: draft.category, choose: (it) => set({ category: it, by: 0 }) })}
      ${stepper({ label: t('desk.inside_now'), name: 'count', value: before + draft.by, least: Math.max(0, before - CHANGE_MAX), most: before + CHANGE_MAX, change: (it) => set({ by: it - before }) })}
      ${picks({ label: t('desk.reason'), values: Object.keys(REASONS.count), texts: (it) => t(`desk.reason.${it}`), chosen: draft.reason, choose: (it) => set({ reason: it }) })}
      ${isCounted ? html`<p class="quiet">${t('desk.counted_note')}</p>` : null}
      <button class="primary big" data-do="correct" ?disabled=${desk.isOff('count') || (draft.by === 0 && !isCounted)} @click=${save}>${t('desk.save', { before, to })}</button>
    </details>`
}
