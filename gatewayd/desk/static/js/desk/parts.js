// Pieces that the sheets of the desk are made of: a choice by tap, a number by tap, the sheet itself.

import { html } from '/static/vendor/lit-html.js'
import { t } from '/static/js/texts.js'
import { icon } from '/static/js/desk/icons.js'

// What the records say, in the language of the records, for each choice that the page names.
export const REASONS = {
  guest: {
    no_phone: 'tanpa ponsel',
    no_app: 'tanpa aplikasi',
    battery: 'baterai habis',
    unreadable: 'kode tidak terbaca',
    elder: 'lansia atau difabel'
  },
  refuse: {
    not_met: 'syarat belum terpenuhi',
    left: 'sudah pergi',
    no_answer: 'tidak menjawab',
    wrong_place: 'salah tempat'
  },
  count: {
    counted: 'dihitung ulang',
    left_by_hand: 'keluar lewat petugas',
    came_by_hand: 'masuk lewat petugas',
    device: 'alat salah hitung'
  },
  gate: {
    unrest: 'keributan',
    drill: 'latihan',
    fault: 'gangguan alat',
    ordered: 'perintah pimpinan'
  },
  door: {
    delivery: 'bongkar muat',
    cleaning: 'kebersihan',
    repair: 'perbaikan',
    emergency: 'keadaan darurat'
  },
  resume: { over: 'sudah aman' },
  forgive: { left_unseen: 'keluar tanpa tercatat' }
}

// Returns buttons of which one is chosen. texts: what each says, by its value.
export function picks({ label, values, texts, chosen, choose }) {
  return html`
    <fieldset class="picks">
      <legend>${label}</legend>
      ${values.map(
        (value) => html`<button type="button" aria-pressed=${value === chosen ? 'true' : 'false'}
          data-pick=${value} @click=${() => choose(value)}>${value === chosen ? icon('go') : null}${texts(value)}</button>`
      )}
    </fieldset>`
}

export function stepper({ label, value, least, most, change, name }) {
  const step = (by) => () => change(Math.min(most, Math.max(least, value + by)))
  return html`
    <div class="stepper" role="group" aria-label=${label}>
      <span class="label">${label}</span>
      <button type="button" data-step="${name}-less" aria-label=${t('desk.less', { what: label })} ?disabled=${value <= least} @click=${step(-1)}>−</button>
      <output aria-live="polite">${value}</output>
      <button type="button" data-step="${name}-more" aria-label=${t('desk.more', { what: label })} ?disabled=${value >= most} @click=${step(1)}>+</button>
    </div>`
}

// foot: what stays in sight however long the content is.
export function sheet({ title, close, waiting = 0 }, content, foot = null) {
  return html`
    <section class="sheet" aria-labelledby="sheet-title">
      <header>
        <button class="back" @click=${close} aria-label=${t('desk.back')}>${icon('back')}</button>
        <h2 id="sheet-title" tabindex="-1">${title}</h2>
        ${waiting > 0 ? html`<button class="badge" @click=${close} aria-label=${t('desk.waiting', { count: waiting })}>${icon('ask')}${waiting}</button>` : null}
      </header>
      <div class="body">${content}</div>
      ${foot === null ? null : html`<footer>${foot}</footer>`}
    </section>`
}

// What a region, a purpose or a category is called: its own word where there is no text for it.
export function plain(word) {
  return word.replaceAll('_', ' ').replaceAll('-', ' ')
}
