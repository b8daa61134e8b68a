// The signs beside the words: nobody has to tell colours apart.

import { svg } from '/static/vendor/lit-html.js'

const PATHS = {
  go: svg`<path d="M10 34 L26 50 L54 16" />`,
  leave: svg`<path d="M10 32 H50 M36 18 L50 32 L36 46" />`,
  stop: svg`<path d="M16 16 L48 48 M48 16 L16 48" />`,
  ask: svg`<circle cx="32" cy="18" r="9" /><path d="M12 54 C12 40 20 34 32 34 C44 34 52 40 52 54" />`,
  ready: svg`<path d="M10 22 V10 H22 M42 10 H54 V22 M54 42 V54 H42 M22 54 H10 V42 M22 32 H42" />`,
  lock: svg`<path d="M18 30 V22 C18 6 46 6 46 22 V30 M12 30 H52 V56 H12 Z" />`,
  free: svg`<path d="M18 30 V20 C18 4 44 4 46 16 M12 30 H52 V56 H12 Z" />`,
  fire: svg`<path d="M32 6 C36 18 50 24 50 40 A18 18 0 0 1 14 40 C14 30 20 28 22 20 C28 24 30 28 30 32 C34 26 34 16 32 6 Z" />`,
  fault: svg`<path d="M32 8 L58 54 H6 Z M32 24 V38 M32 46 V47" />`,
  full: svg`<circle cx="20" cy="22" r="8" /><circle cx="44" cy="22" r="8" /><path d="M6 50 C6 38 12 34 20 34 C26 34 30 36 32 40 C34 36 38 34 44 34 C52 34 58 38 58 50" />`,
  clock: svg`<circle cx="32" cy="32" r="24" /><path d="M32 16 V32 L44 40" />`,
  help: svg`<path d="M20 24 C20 8 44 8 44 22 C44 32 32 32 32 42 M32 52 V53" />`,
  sound: svg`<path d="M8 24 V40 H18 L32 52 V12 L18 24 Z M42 22 C48 28 48 36 42 42 M48 14 C60 24 60 40 48 50" />`,
  mute: svg`<path d="M8 24 V40 H18 L32 52 V12 L18 24 Z M42 24 L58 40 M58 24 L42 40" />`,
  menu: svg`<path d="M10 18 H54 M10 32 H54 M10 46 H54" />`,
  repeat: svg`<path d="M52 26 A22 22 0 1 0 54 36 M54 12 V26 H40" />`,
  door: svg`<path d="M16 58 V8 H48 V58 M8 58 H56 M40 33 V35" />`,
  eye: svg`<path d="M4 32 C16 12 48 12 60 32 C48 52 16 52 4 32 Z" /><circle cx="32" cy="32" r="7" />`,
  plus: svg`<path d="M32 12 V52 M12 32 H52" />`,
  back: svg`<path d="M40 12 L20 32 L40 52" />`
}

export function icon(name) {
  return svg`<svg class="icon" viewBox="0 0 64 64" aria-hidden="true" focusable="false">${PATHS[name]}</svg>`
}
