// A button that has to be held: what it does is not done by a slip of the hand, nor by a wet sleeve.

import { html, svg } from '/static/vendor/lit-html.js'
import { t } from '/static/js/texts.js'

const HOLD_MS = 1500
let held = null // {id, timer}

const KEYS = [' ', 'Enter']

// Returns the button; `done` is called once it was held for long enough, by finger, mouse or key.
export function holdButton({ id, kind, label, says, isOff, show, done }) {
  const isHeld = held?.id === id
  const begin = () => {
    if (isOff || held !== null) return
    const over = () => {
      held = null
      done()
    }
    held = { id, timer: setTimeout(over, HOLD_MS) }
    show()
  }
  const end = () => {
    if (held?.id !== id) return
    clearTimeout(held.timer)
    held = null
    show()
  }
  const keyDown = (event) => {
    if (!KEYS.includes(event.key)) return
    event.preventDefault()
    if (!event.repeat) begin()
  }
  return html`
    <button class="hold ${kind} ${isHeld ? 'held' : ''}" data-hold=${id} ?disabled=${isOff}
      aria-describedby="hold-${id}"
      @pointerdown=${begin} @pointerup=${end} @pointerleave=${end} @pointercancel=${end}
      @keydown=${keyDown} @keyup=${end} @blur=${end} @contextmenu=${(event) => event.preventDefault()}>
      ${ring()}<span>${label}</span>
      <small id="hold-${id}">${says} ${t('desk.hold')}</small>
    </button>`
}

function ring() {
  return svg`<svg class="ring" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
    <circle class="track" cx="32" cy="32" r="26" />
    <circle class="run" cx="32" cy="32" r="26" pathLength="100" />
  </svg>`
}
