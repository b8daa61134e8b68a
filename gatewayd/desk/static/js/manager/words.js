// Words that sections share: people, places, alarms, durations, moments.

import { formatTime, has, localeNow, t } from '/static/js/texts.js'

const MINUTE = 60
const HOUR = 3600
const DAY = 86_400

export function categoryName(category) {
  return named(`manager.category.${category}`, category)
}

export function reasonText(reason) {
  return named(`reason.${reason}`, reason)
}

// Returns the text of a key; what only a newer gateway says is shown as it says it.
export function named(key, word) {
  return has(key) ? t(key) : String(word ?? '').replaceAll('_', ' ')
}

export function alarmTitle(alarm) {
  const percent = /^occupancy_(\d+)$/.exec(alarm)
  if (percent !== null) return t('alarm.occupancy_').replace('%', `${percent[1]}%`)
  return named(`alarm.${alarm}`, alarm)
}

// Returns who it was: users of the pages by their label, the machine's own by what the system calls them.
export function personName(officer) {
  return String(officer ?? '')
    .replace(/^user:/, '')
    .replace(/^uid:(\d+)$/, t('manager.console'))
}

// The whole gateway is no place of its own.
export function placeName(subject) {
  return subject === 'gateway' ? '' : subject
}

export function span(seconds) {
  if (seconds < MINUTE) return t('manager.span.now')
  if (seconds < HOUR) return t('manager.span.minutes', { n: Math.floor(seconds / MINUTE) })
  if (seconds < 2 * DAY) return t('manager.span.hours', { n: Math.floor(seconds / HOUR) })
  return t('manager.span.days', { n: Math.floor(seconds / DAY) })
}

export function since(at) {
  return t('manager.since', { at: moment(at), span: span((Date.now() - new Date(at)) / 1000) })
}

// Returns a time of today as a time, and any other with its date.
export function moment(at, withSeconds = false) {
  const then = new Date(at)
  const time = formatTime(then, withSeconds)
  if (then.toDateString() === new Date().toDateString()) return time
  const date = new Intl.DateTimeFormat(localeNow(), { day: 'numeric', month: 'short' }).format(then)
  return `${date} ${time}`
}

export function today(ago = 0) {
  const day = new Date()
  day.setDate(day.getDate() - ago)
  return new Intl.DateTimeFormat('sv').format(day) // Sweden writes it like HTML does.
}

export function refusal(answer) {
  return answer.status === 0 ? t('error.unreachable') : (answer.text ?? t('error.unknown'))
}
