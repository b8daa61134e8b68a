// The first look: how well each part is, who is inside, what is wrong, what happens at the gate.

import { html } from '/static/vendor/lit-html.js'
import { localeNow, t } from '/static/js/texts.js'
import { alarmList } from '/static/js/manager/alarms.js'
import { latest } from '/static/js/manager/feed.js'
import { occupancyPanel } from '/static/js/manager/occupancy.js'
import { panel } from '/static/js/manager/pieces.js'
import { doorRows, laneRows } from '/static/js/manager/places.js'

const ICONS = { green: '✓', yellow: '!', red: '✕' }

// Where each part is seen to.
const SEEN_TO = {
  gate: 'places',
  lanes: 'places',
  readers: 'places',
  doors: 'places',
  broker: 'machine',
  queue: 'machine',
  policy: 'policy',
  lists: 'policy',
  clock: 'machine',
  disk: 'machine'
}

export function overviewSection(context) {
  const { status } = context.live
  return html`
    <div class="overview">
      ${health(status.health)}
      ${occupancyPanel(context)}
      ${panel(t('manager.section.alarms'), alarmList(context, true), 'alarms')}
      ${panel(t('manager.section.places'), html`<ul class="places">${laneRows(status)}${doorRows(status)}</ul>`, 'standing')}
      ${panel(t('manager.section.feed'), latest(context), 'latest')}
    </div>`
}

function health(told) {
  const ill = told.parts.filter((part) => part.colour !== 'green')
  const headline = ill.length === 0 ? t('manager.health.clear') : t('manager.health.some', { n: ill.length })
  return html`
    <section class="panel health" aria-labelledby="health">
      <h2 id="health"><span class="mark ${told.colour}" aria-hidden="true">${ICONS[told.colour]}</span> ${headline}</h2>
      <ul>${told.parts.map(part)}</ul>
    </section>`
}

function part(one) {
  return html`
    <li class=${one.colour}>
      <a href="#${SEEN_TO[one.part] ?? 'machine'}">
        <span class="mark ${one.colour}" role="img" aria-label=${t(`manager.colour.${one.colour}`)}>${ICONS[one.colour]}</span>
        <span><strong>${t(`manager.part.${one.part}`)}</strong> <span class="sentence">${one.text[localeNow()]}</span></span>
      </a>
    </li>`
}
