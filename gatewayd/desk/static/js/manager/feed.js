// The live feed: what happened at the gate, what came of it, how long it took; filters, older rows, why.

import { html } from '/static/vendor/lit-html.js'
import { get } from '/static/js/api.js'
import { formatNumber, has, t } from '/static/js/texts.js'
import { explanation } from '/static/js/manager/explanation.js'
import { ask, option, outcome, panel } from '/static/js/manager/pieces.js'
import {
  alarmTitle,
  categoryName,
  moment,
  named,
  personName,
  placeName,
  reasonText
} from '/static/js/manager/words.js'

const LATEST = 12
const KINDS = [
  'admitted',
  'passed',
  'not_passed',
  'refused',
  'referred',
  'unseen',
  'officer',
  'alarm',
  'machine'
]
const OF_MACHINE = ['officer', 'alarm', 'machine']
const SHOWN_AT_ONCE = 100

const MARKS = {
  admitted: '✓',
  passed: '→',
  not_passed: '⊘',
  refused: '✕',
  referred: '?',
  unseen: '‼',
  officer: '☰',
  alarm: '!',
  machine: '·'
}

const filter = { kind: '', lane: '', direction: '', text: '' }
const older = { rows: [], before: null, isOver: false, isBusy: false, answer: null }

export function feedSection(context) {
  const rows = wantedRows(context.live.rows)
  return panel(
    t('manager.section.feed'),
    html`
      ${filters(context)}
      ${rows.length === 0 ? html`<p class="quiet">${t('manager.feed.nothing')}</p>` : feedList(rows, context)}
      ${outcome(older)}
      <p class="actions">
        <button ?disabled=${older.isBusy || older.isOver} @click=${() => readOlder(context)}>
          ${older.isOver ? t('manager.feed.no_older') : t('manager.feed.older')}
        </button>
      </p>`,
    'feed'
  )
}

export function latest(context) {
  const rows = joined(context.live.rows).slice(0, LATEST)
  return html`${rows.length === 0 ? html`<p class="quiet">${t('manager.feed.nothing')}</p>` : html`<ol class="rows">${rows.map((row) => rowItem(row))}</ol>`}`
}

export function feedList(rows, context) {
  return html`<ol class="rows">${rows.map((row) => rowItem(row, context))}</ol>`
}

// Returns the rows with each passage told by the verdict that it is of, where that is on the page too.
function joined(rows) {
  const ends = new Map()
  for (const row of rows) if (row.class === 'passage' && row.grant) ends.set(row.grant, row)
  const told = new Set()
  const verdicts = rows.map((row) => {
    if (row.class !== 'access' || !row.grant || !ends.has(row.grant)) return row
    told.add(ends.get(row.grant).id)
    return { ...row, end: ends.get(row.grant) }
  })
  return verdicts.filter((row) => !told.has(row.id))
}

function wantedRows(live) {
  const known = new Set(live.map((row) => row.id))
  const all = joined([...live, ...older.rows.filter((row) => !known.has(row.id))])
  return all.filter(isWanted)
}

function isWanted(row) {
  const kinds = row.end === undefined ? row.kinds : [...row.kinds, ...row.end.kinds]
  return (
    (filter.kind === '' || kinds.includes(filter.kind)) &&
    (filter.lane === '' || row.lane === filter.lane) &&
    (filter.direction === '' || row.direction === filter.direction) &&
    (filter.text === '' || found(row))
  )
}

function found(row) {
  const shown = `${headline(row)} ${sentence(row)} ${JSON.stringify(row)}`
  return shown.toLowerCase().includes(filter.text.toLowerCase())
}

function filters(context) {
  const kinds = context.is('technician') ? OF_MACHINE : KINDS
  const lanes = Object.keys(context.live.status.lanes)
  const change = (name) => (event) => setFilter(context, name, event.target.value)
  const chip = (kind) => html`
    <button class="chip" aria-pressed=${filter.kind === kind} @click=${() => setFilter(context, 'kind', kind)}>
      ${kind === '' ? t('manager.feed.all') : t(`manager.kind.${kind}`)}
    </button>`
  return html`
    <div class="chips" role="group" aria-label=${t('manager.feed.what')}>${['', ...kinds].map(chip)}</div>
    <div class="fields">
      <label>${t('manager.lane')}<select @change=${change('lane')}>${option('', t('manager.feed.any'), filter.lane)}${lanes.map((lane) => option(lane, lane, filter.lane))}</select></label>
      <label>${t('manager.feed.direction')}<select @change=${change('direction')}>${['', 'entry', 'exit'].map((way) => option(way, way === '' ? t('manager.feed.any') : t(`manager.way.${way}`), filter.direction))}</select></label>
      <label>${t('manager.feed.text')}<input type="search" .value=${filter.text} @input=${change('text')}></label>
    </div>`
}

// Older rows were read for the filter of then.
function setFilter(context, name, value) {
  filter[name] = value
  Object.assign(older, { rows: [], before: null, isOver: false, answer: null })
  context.show()
}

async function readOlder(context) {
  const oldest = context.live.rows.at(-1)?.id
  const asked = { ...filter, before: older.before ?? oldest ?? '' }
  const given = Object.entries(asked).filter(([, value]) => value !== '')
  const address = context.is('technician') ? '/api/machine_events' : '/api/events'
  await ask(older, context, () => get(`${address}?${new URLSearchParams(given)}`))
  if (!older.answer.ok) return
  older.rows = [...older.rows, ...older.answer.rows].slice(0, SHOWN_AT_ONCE * 10)
  older.before = older.answer.before
  older.isOver = older.before === null
  context.show()
}

function rowItem(row, context) {
  const kind = row.kinds[0]
  const place = [row.lane, row.direction && t(`manager.way.${row.direction}`), latency(row)]
    .filter(Boolean)
    .join(' · ')
  const hasWhy = context !== undefined && row.class === 'access' && row.direction === 'entry'
  return html`
    <li class="row ${kind}">
      <span class="mark ${kind}" aria-hidden="true">${MARKS[kind]}</span>
      <time datetime=${row.at}>${moment(row.at, true)}</time>
      <span class="what"><strong>${headline(row)}</strong> <span>${sentence(row)}</span>${end(row)}</span>
      <span class="where quiet">${place}</span>
      ${hasWhy ? explanation(row, context) : null}
    </li>`
}

// From the last byte of the code to the verdict.
function latency(row) {
  if (row.latency_us === undefined) return null
  return t('manager.feed.latency', { ms: formatNumber(Math.round(row.latency_us / 100) / 10) })
}

function headline(row) {
  switch (row.class) {
    case 'access':
    case 'passage':
      return t(`manager.kind.${row.kinds[0]}`)
    case 'alarm':
      return t(`manager.alarm.${row.outcome}`)
    default:
      return named(`manager.act.${row.action}`, row.action)
  }
}

function sentence(row) {
  switch (row.class) {
    case 'access':
      return [
        categoryName(row.category ?? 'unknown'),
        row.outcome === 'admitted' ? by(row) : reasonText(row.reason)
      ]
        .filter(Boolean)
        .join(' – ')
    case 'passage':
      return [
        row.category && categoryName(row.category),
        row.reason && named(`manager.passage.${row.reason}`, row.reason)
      ]
        .filter(Boolean)
        .join(' – ')
    case 'alarm':
      return [
        alarmTitle(row.alarm),
        placeName(row.subject),
        row.outcome === 'acknowledged' && personName(row.detail?.officer)
      ]
        .filter(Boolean)
        .join(' – ')
    default:
      return details(row.detail ?? {}, row.action)
  }
}

function by(row) {
  const officer = row.attestation?.officer
  if (officer !== undefined)
    return t('manager.feed.by', { who: personName(officer), why: row.attestation.reason ?? '' })
  return row.findings?.map((one) => named(`reason.${one}`, one)).join(', ') ?? ''
}

// Passed or not, and after how long.
function end(row) {
  if (row.end === undefined) return null
  const seconds = (new Date(row.end.at) - new Date(row.at)) / 1000
  const what = row.end.kinds[0]
  const text = t(`manager.end.${what}`, { s: Math.max(0, seconds).toFixed(1) })
  return html` <span class="end ${what}">${MARKS[what]} ${text}</span>`
}

const UNTOLD = new Set(['device_sequence', 'chain', 'key', 'signature', 'id', 'run', 'name'])
const ON_SOMEBODY = /^(user|officer|secret|token|release_code)_/ // What is done to an account, by the caller.

export function details(detail, action = '') {
  const isOnSomebody = ON_SOMEBODY.test(action)
  return Object.entries(detail)
    .filter(([name, value]) => !UNTOLD.has(name) && value !== null && typeof value !== 'object')
    .filter(([name]) => name !== 'caller' || isOnSomebody || detail.officer === undefined)
    .map(([name, value]) => {
      if (name === 'caller') return `${t('manager.detail.officer')}: ${personName(value)}`
      if (name === 'officer')
        return `${t(isOnSomebody ? 'manager.detail.label' : 'manager.detail.officer')}: ${personName(value)}`
      const word =
        name === 'category'
          ? categoryName(value)
          : has(`manager.value.${value}`)
            ? t(`manager.value.${value}`)
            : value
      return `${named(`manager.detail.${name}`, name)}: ${word}`
    })
    .join(', ')
}
