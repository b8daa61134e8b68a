// What is not needed every minute: language, light or dark, sound, details, duty, help.

import { html } from '/static/vendor/lit-html.js'
import { languageButton, themeButton } from '/static/js/common.js'
import { t } from '/static/js/texts.js'
import { icon } from '/static/js/desk/icons.js'
import { sheet } from '/static/js/desk/parts.js'
import { isLoud } from '/static/js/desk/sound.js'

export function menuSheet(desk) {
  const open = (name) => () => desk.openSheet({ name })
  return sheet(
    { title: t('desk.menu'), close: desk.closeSheet, waiting: desk.live.status.referred.length },
    html`
    <div class="menu">
      <button data-sheet="shift" @click=${open('shift')}>${icon('ask')}${t('desk.shift')}</button>
      <button data-sheet="count" @click=${open('count')}>${icon('full')}${t('desk.count')}</button>
      <button data-sheet="gate" @click=${open('gate')}>${icon('lock')}${t('desk.gate')}</button>
      <button aria-pressed=${desk.details ? 'true' : 'false'} @click=${desk.toggleDetails}>${icon('eye')}${t('desk.details')}</button>
      <button aria-pressed=${isLoud() ? 'true' : 'false'} @click=${() => desk.toggleSound()}>${icon(isLoud() ? 'sound' : 'mute')}${t('desk.sound')}</button>
      <button data-sheet="help" @click=${open('help')}>${icon('help')}${t('desk.help')}</button>
      <div class="pair">${languageButton(desk.show)}${themeButton(desk.show)}</div>
    </div>
    <p class="quiet">${desk.me.label} · ${desk.live.status.site} · ${desk.live.status.version}</p>`
  )
}
