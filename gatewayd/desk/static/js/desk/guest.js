// A guest without the app: declared, given a lane, and let in, in three taps; the same again in one.

import { html } from '/static/vendor/lit-html.js'
import { t } from '/static/js/texts.js'
import { declaring, missing, wishes } from '/static/js/desk/declaring.js'
import { icon } from '/static/js/desk/icons.js'
import { picks, REASONS, sheet, stepper } from '/static/js/desk/parts.js'
import { categoryText } from '/static/js/desk/tiles.js'

export const REPEAT_MS = 15 * 60_000 // After that the next guest is somebody else's.

export function blankGuest() {
  return {
    declared: false,
    category: 'visitor',
    purpose: null,
    origin: null,
    reason: 'no_phone',
    count: 1,
    badge: ''
  }
}

export function guestSheet(desk) {
  const guest = desk.guest
  const set = (change) => desk.draft('guest', change)
  const lanes = Object.keys(desk.live.status.lanes)
  const categories = desk.terms.categories.filter((one) => !desk.terms.staff.includes(one))
  const lacks = missing(desk, guest)
  if (!guest.declared) lacks.unshift(t('desk.declaration'))
  return sheet(
    { title: t('desk.guest'), close: desk.closeSheet, waiting: desk.live.status.referred.length },
    html`
    <button class="declare" role="switch" aria-checked=${guest.declared ? 'true' : 'false'} data-do="declare"
      @click=${() => set({ declared: !guest.declared })}>
      <span class="box">${guest.declared ? icon('go') : null}</span>
      <span>${t('desk.guest_declares')}<strong>${desk.declared}</strong></span>
    </button>
    ${wishes(desk, guest, set, true)}
    ${wishes(desk, guest, set, false)}
    ${categories.length > 1 ? picks({ label: t('desk.category'), values: categories, texts: categoryText, chosen: guest.category, choose: (it) => set({ category: it }) }) : null}
    ${picks({ label: t('desk.reason'), values: Object.keys(REASONS.guest), texts: (it) => t(`desk.reason.${it}`), chosen: guest.reason, choose: (it) => set({ reason: it }) })}
    ${stepper({ label: t('desk.group'), name: 'group', value: guest.count, least: 1, most: desk.terms.group_max, change: (it) => set({ count: it }) })}
    <label>${t('desk.badge')}
      <input inputmode="numeric" pattern="[0-9]*" maxlength="4" autocomplete="off" name="badge" .value=${guest.badge}
        @input=${(event) => set({ badge: event.target.value.replace(/\D/g, '') })}>
    </label>`,
    html`${desk.offText(lacks)}
    <div class="pair lanes-to-open">
      ${lanes.map(
        (
          lane
        ) => html`<button class="go big" data-open=${lane} ?disabled=${desk.isOffDuty('guest') || lacks.length > 0}
        @click=${() => open(desk, lane)}>${icon('go')}${t('desk.open', { lane })}</button>`
      )}
    </div>`
  )
}

async function open(desk, lane) {
  const { category, reason, count, badge } = desk.guest
  const body = { lane, category, reason: REASONS.guest[reason], ...declaring(desk, desk.guest) }
  const more = badge === '' ? { count } : { badge: Number(badge) }
  const answer = await admit(desk, { ...body, ...more }, body)
  if (!answer.ok) return
  desk.draft('guest', {
    ...blankGuest(),
    category,
    purpose: desk.guest.purpose,
    origin: desk.guest.origin,
    reason
  })
  desk.closeSheet()
}

// The last attestation again, for the next one of a queue of the same kind.
export function repeatButton(desk) {
  if (desk.last === null) return null
  const { body } = desk.last
  const what = t('desk.repeat_what', { category: categoryText(body.category), lane: body.lane })
  return html`<button class="repeat" data-do="repeat" ?disabled=${desk.isOffDuty('guest')}
    @click=${() => admit(desk, body, body)}>${icon('repeat')}<span>${t('desk.repeat')}<small>${what}</small></span></button>`
}

// again: what is kept to be given again: neither the number of people nor the badge.
async function admit(desk, body, again) {
  const answer = await desk.act('guest', '/api/admit', body, t('desk.said.opened', { lane: body.lane }))
  if (answer.ok) desk.setLast(again)
  return answer
}
