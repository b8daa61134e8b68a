// What the pages say, in the language of whoever reads: Indonesian first, English on a tap.

const KEPT = 'onegate.locale'
let texts = {}
let locale = localStorage.getItem(KEPT) ?? 'id'

export const LOCALES = ['id', 'en']

export function localeNow() {
  return locale
}

// Loads the texts of a language; the page is rendered after it.
export async function setLocale(wanted) {
  locale = LOCALES.includes(wanted) ? wanted : 'id'
  localStorage.setItem(KEPT, locale)
  document.documentElement.lang = locale
  texts = await loadTexts(locale)
}

// Returns all texts of a language, for a page that speaks two at once.
export async function loadTexts(locale) {
  const answers = await Promise.all([fetch(`/static/texts/${locale}.json`), fetch(`/api/texts/${locale}`)])
  const [own, shared] = await Promise.all(answers.map((answer) => (answer.ok ? answer.json() : {})))
  return { ...shared, ...own }
}

// Returns the text of a key with {names} filled in. A key without text shows itself: a test finds it.
export function t(key, values = {}) {
  const text = texts[key] ?? key
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '')
}

export function has(key) {
  return key in texts
}

export function formatTime(at, withSeconds = false) {
  const options = { hour: '2-digit', minute: '2-digit', ...(withSeconds ? { second: '2-digit' } : {}) }
  return new Intl.DateTimeFormat(locale, { ...options, hour12: false }).format(new Date(at))
}

export function formatNumber(value) {
  return new Intl.NumberFormat(locale).format(value)
}
