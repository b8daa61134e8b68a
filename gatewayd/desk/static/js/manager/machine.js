// The machine: the link to the centre and what waits for it, the clock, the disk, the version.

import { html } from '/static/vendor/lit-html.js'
import { formatNumber, localeNow, t } from '/static/js/texts.js'
import { panel } from '/static/js/manager/pieces.js'
import { span } from '/static/js/manager/words.js'

const PARTS = ['broker', 'queue', 'clock', 'disk']

export function machineSection(context) {
  const { status } = context.live
  const parts = status.health.parts.filter((part) => PARTS.includes(part.part))
  return html`
    ${panel(
      t('manager.section.machine'),
      html`<dl class="facts">${parts.map(
        (part) =>
          html`<div class=${part.colour}><dt>${t(`manager.part.${part.part}`)}</dt><dd>${part.text[localeNow()]}</dd></div>`
      )}</dl>`
    )}
    ${status.broker === null ? null : panel(t('manager.machine.link'), link(status.broker))}
    ${panel(t('manager.machine.about'), about(status))}`
}

function link(told) {
  const facts = [
    ['state', told.connected ? t('manager.machine.connected') : t('manager.machine.unconnected')],
    ['waiting', formatNumber(told.depth)],
    ['oldest', told.oldest_s === null ? '–' : span(told.oldest_s)],
    ['left', told.hours_left === null ? '–' : span(told.hours_left * 3600)],
    ['sent', formatNumber(told.published)],
    ['refused', formatNumber(told.refused + told.quarantined)],
    ['error', told.error ?? '–']
  ]
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${t(`manager.machine.${name}`)}</dt><dd>${value}</dd></div>`)}</dl>
    <p class="quiet">${t('manager.machine.note')}</p>`
}

function about(status) {
  const facts = [
    ['site', status.site],
    ['version', status.version],
    ['run', status.run],
    ['records', `${status.journal.epoch}-${status.journal.head}`]
  ]
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${t(`manager.machine.${name}`)}</dt><dd>${value}</dd></div>`)}</dl>`
}
