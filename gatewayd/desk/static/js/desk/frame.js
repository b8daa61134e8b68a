// What stands around the lanes: the bar above them, and the first two things an officer does.

import { html } from '/static/vendor/lit-html.js'
import { languageButton, themeButton } from '/static/js/common.js'
import { t } from '/static/js/texts.js'
import { countChip } from '/static/js/desk/count.js'
import { gateChip } from '/static/js/desk/gate.js'
import { repeatButton } from '/static/js/desk/guest.js'
import { icon } from '/static/js/desk/icons.js'
import { isLoud } from '/static/js/desk/sound.js'

export function header(desk) {
  return html`
    <header class="bar">
      ${countChip(desk)}
      ${gateChip(desk)}
      <span class="wide">${languageButton(desk.show)}${themeButton(desk.show)}${detailsButton(desk)}
        <button data-sheet="shift" @click=${() => desk.openSheet({ name: 'shift' })}>${desk.me.label || t('desk.shift')}</button></span>
      <button class="chip sound" aria-pressed=${isLoud() ? 'true' : 'false'} aria-label=${t('desk.sound')} @click=${() => desk.toggleSound()}>${icon(isLoud() ? 'sound' : 'mute')}</button>
      <button class="chip" data-sheet="menu" aria-label=${t('desk.menu')} @click=${() => desk.openSheet({ name: 'menu' })}>${icon('menu')}</button>
    </header>`
}

function detailsButton(desk) {
  return html`<button class="details" aria-pressed=${desk.details ? 'true' : 'false'} @click=${desk.toggleDetails}>${icon('eye')}<span>${t('desk.details')}</span></button>`
}

export function actions(desk) {
  return html`
    <nav class="actions" aria-label=${t('desk.actions')}>
      <button class="primary" data-sheet="guest" ?disabled=${desk.terms === null} @click=${() => desk.openSheet({ name: 'guest' })}>${icon('plus')}<span>${t('desk.guest')}</span></button>
      ${repeatButton(desk)}
    </nav>`
}
