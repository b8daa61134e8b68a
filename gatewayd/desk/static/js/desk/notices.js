// What officers have to know of the gate besides its lanes: what does not work, and what still does.

import { html } from '/static/vendor/lit-html.js'
import { staleBanner } from '/static/js/common.js'
import { t } from '/static/js/texts.js'
import { icon } from '/static/js/desk/icons.js'
import { dutyBanner } from '/static/js/desk/shift.js'

export function notices(desk) {
  const { isStale, status } = desk.live
  return html`
    <div class="notices">
      ${staleBanner(desk.live)}
      ${isStale ? null : facts(status)}
      ${dutyBanner(desk)}
    </div>`
}

function facts(status) {
  const refuses = status.journal.refusal !== null
  const isOffline = status.broker !== null && !status.broker.connected
  return html`
    ${refuses ? html`<p class="banner bad" role="alert">${icon('fault')}${t('desk.notice.disk')}</p>` : null}
    ${isOffline ? html`<p class="banner plain">${icon('fault')}${t('desk.notice.offline')}</p>` : null}
    ${status.mode === 'observe' ? html`<p class="banner plain">${icon('eye')}${t('desk.notice.observe')}</p>` : null}`
}
