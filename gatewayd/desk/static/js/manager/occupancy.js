// Who is inside: the gauge with its thresholds, by category, inner areas, and the curve of a day.

import { html, svg } from '/static/vendor/lit-html.js'
import { get } from '/static/js/api.js'
import { formatNumber, formatTime, t } from '/static/js/texts.js'
import { panel } from '/static/js/manager/pieces.js'
import { categoryName } from '/static/js/manager/words.js'

const NEAR_PERCENT = 90 // Where the policy names no thresholds of its own.
const FRESH_MS = 60_000 // As long as the gateway keeps it.
const HOURS = [0, 6, 12, 18, 24]
const MINUTES = 24 * 60

const day = { told: null, askedAt: 0, isBusy: false }

export function occupancyPanel(context) {
  const { status } = context.live
  const areas = Object.entries(status.areas)
  return panel(
    t('manager.inside.title'),
    html`
      ${gauge(status.occupancy, t('manager.inside.title'))} ${categories(status.occupancy)}
      ${areas.map(([name, area]) => html`<h3>${name}</h3>${gauge(area, name)}`)}
      ${context.is('manager', 'auditor') ? curveOfToday(context) : null}`,
    'occupancy'
  )
}

function gauge(told, name) {
  const limit = told.limit.total
  const percents = told.alarm_percents.length > 0 ? told.alarm_percents : [NEAR_PERCENT]
  const percent = limit ? (told.total / limit) * 100 : 0
  const colour =
    limit === undefined ? '' : percent >= 100 ? 'red' : percent >= percents[0] ? 'yellow' : 'green'
  const words =
    limit === undefined ? t('manager.inside.any') : t('manager.inside.of', { limit: formatNumber(limit) })
  return html`
    <p class="count ${colour}"><strong>${formatNumber(told.total)}</strong> <span>${words}</span>
      ${told.uncertain > 0 ? html`<span class="uncertain">± ${told.uncertain} ${t('manager.inside.uncertain')}</span>` : null}</p>
    ${limit === undefined ? null : bar(percent, percents, colour, `${name}: ${told.total} ${words}`)}
    <p class="quiet">${places(told)}</p>`
}

function bar(percent, percents, colour, label) {
  const marks = percents.filter((one) => one < 100)
  return html`
    <svg class="gauge ${colour}" viewBox="0 0 1000 40" preserveAspectRatio="none" role="img" aria-label=${label}>
      <rect class="ground" width="1000" height="40" rx="8"></rect>
      <rect class="fill" width=${Math.min(1000, Math.round(percent * 10))} height="40" rx="8"></rect>
      ${marks.map((one) => svg`<line class="threshold" x1=${one * 10} x2=${one * 10} y1="0" y2="40"></line>`)}
    </svg>`
}

function places(told) {
  const left = told.places_left.others
  if (left === undefined) return ''
  return left > 0 ? t('manager.inside.places', { n: formatNumber(left) }) : t('manager.inside.full')
}

function categories(told) {
  const rows = Object.entries(told.by_category).sort((a, b) => b[1] - a[1])
  if (rows.length === 0) return html`<p class="quiet">${t('manager.inside.nobody')}</p>`
  return html`<dl class="categories">
    ${rows.map(([name, count]) => html`<div><dt>${categoryName(name)}</dt><dd>${formatNumber(count)}${limitOf(told, name)}</dd></div>`)}
  </dl>`
}

function limitOf(told, category) {
  const limit = told.limit[category]
  return limit === undefined ? '' : ` / ${formatNumber(limit)}`
}

function curveOfToday(context) {
  if (!day.isBusy && Date.now() - day.askedAt > FRESH_MS) read(context)
  return day.told === null ? null : curve(day.told, true)
}

async function read(context) {
  day.isBusy = true
  const answer = await get('/api/day')
  day.isBusy = false
  day.askedAt = Date.now()
  if (answer.ok) day.told = answer
  context.show()
}

// Draws how many were inside from when on; of today only until now.
export function curve(told, isToday = false) {
  const begins = new Date(told.begins)
  const length = (new Date(told.ends) - begins) / 60_000
  const end = isToday ? Math.min(length, (Date.now() - begins) / 60_000) : length
  const top = Math.max(4, told.peak, told.limit ?? 0) * 1.08
  const at = (minute) => Math.round((minute / length) * MINUTES)
  const y = (count) => Math.round(300 - (count / top) * 300)
  const steps = told.inside.map(([minute, count]) => `H${at(minute)}V${y(count)}`).join('')
  const line = told.inside.length === 0 ? '' : `M0 ${y(told.inside[0][1])}${steps}H${at(end)}`
  const peak =
    told.peak_at === null
      ? t('manager.day.no_peak')
      : t('manager.day.peak', { n: told.peak, at: formatTime(told.peak_at) })
  const ticks = HOURS.slice(1, -1).map((hour) => (hour / 24) * MINUTES)
  return html`
    <figure class="curve">
      <figcaption>${t('manager.day.curve')} <span class="quiet">${peak}</span></figcaption>
      <svg viewBox="0 0 ${MINUTES} 300" preserveAspectRatio="none" role="img" aria-label=${`${t('manager.day.curve')}: ${peak}`}>
        ${ticks.map((x) => svg`<line class="grid" x1=${x} x2=${x} y1="0" y2="300"></line>`)}
        ${line === '' ? null : svg`<path class="area" d=${`${line}V300H0Z`}></path><path class="line" d=${line}></path>`}
        ${told.limit === null ? null : svg`<line class="limit" x1="0" x2=${MINUTES} y1=${y(told.limit)} y2=${y(told.limit)}></line>`}
      </svg>
      <p class="axis quiet" aria-hidden="true">${HOURS.map((hour) => html`<span>${String(hour).padStart(2, '0')}:00</span>`)}</p>
      ${told.limit === null ? null : html`<p class="quiet limit">${t('manager.day.limit', { n: formatNumber(told.limit) })}</p>`}
    </figure>`
}
