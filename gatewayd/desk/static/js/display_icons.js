// The pictures of the signs: readable from the other side of a lobby, without their words.

import { svg } from '/static/vendor/lit-html.js'

export const ICONS = {
  scan: svg`<path d="M10 36V16a6 6 0 0 1 6-6h20M64 10h20a6 6 0 0 1 6 6v20M90 64v20a6 6 0 0 1-6 6H64M36 90H16a6 6 0 0 1-6-6V64"/><path d="M26 50h48"/>`,
  go: svg`<path d="M50 88V16M18 46l32-32 32 32"/>`,
  wait: svg`<path d="M26 10h48M26 90h48M32 10c0 26 18 30 18 40s-18 14-18 40M68 10c0 26-18 30-18 40s18 14 18 40"/>`,
  next: svg`<path d="M12 34V16h18M88 34V16H70M12 66v18h18M88 66v18H70M50 32v36M32 50h36"/>`,
  refused: svg`<path d="M20 20l60 60M80 20L20 80"/>`,
  officer: svg`<circle cx="50" cy="30" r="17"/><path d="M16 92c0-24 14-36 34-36s34 12 34 36"/><path d="M30 20h40"/>`,
  full: svg`<circle cx="50" cy="30" r="13"/><circle cx="18" cy="38" r="9"/><circle cx="82" cy="38" r="9"/><path d="M26 88c0-20 10-30 24-30s24 10 24 30M6 80c0-14 5-20 13-20M94 80c0-14-5-20-13-20"/>`,
  closed: svg`<circle cx="50" cy="50" r="40"/><path d="M50 24v28l18 12"/>`,
  locked: svg`<circle cx="50" cy="50" r="41"/><path d="M28 50h44"/>`,
  emergency: svg`<circle class="solid" cx="62" cy="15" r="9"/><path d="M58 32L40 42 26 38M58 32l-8 26 20 12 2 22M50 58L38 74l-24 4M58 32l12 14 18-4"/>`,
  fault: svg`<path d="M50 10L94 88H6zM50 38v24M50 75v1"/>`,
  offline: svg`<path d="M18 50h64"/>`
}
