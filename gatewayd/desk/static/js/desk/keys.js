// Shortcuts of the keyboard, and the page that lists them.

import { html } from '/static/vendor/lit-html.js'
import { t } from '/static/js/texts.js'
import { sheet } from '/static/js/desk/parts.js'

const KEYS = {
  t: 'guest',
  u: 'repeat',
  r: 'referral',
  b: 'assist',
  j: 'count',
  g: 'gate',
  p: 'shift',
  m: 'sound',
  d: 'details',
  '?': 'help',
  Escape: 'back'
}

// `does` has a function for each name in KEYS.
export function listenToKeys(does) {
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target.closest('input, textarea, select') !== null
    if (event.ctrlKey || event.altKey || event.metaKey || (isTyping && event.key !== 'Escape')) return
    const name = KEYS[event.key]
    if (name === undefined) return
    event.preventDefault()
    does[name]()
  })
}

export function helpSheet(desk) {
  return sheet(
    { title: t('desk.help'), close: desk.closeSheet },
    html`
    <p>${t('desk.help.about')}</p>
    <dl class="keys" tabindex="0">${Object.entries(KEYS).map(
      ([key, name]) =>
        html`<div><dt><kbd>${key === 'Escape' ? 'Esc' : key.toUpperCase()}</kbd></dt><dd>${t(`desk.key.${name}`)}</dd></div>`
    )}</dl>
    <a class="button" href="/static/officer-card.html" target="_blank">${t('desk.card')}</a>`
  )
}
