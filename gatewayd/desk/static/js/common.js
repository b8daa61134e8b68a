// Small pieces that all pages show: the language button, the theme, the banner of a page that hears nothing.

import { html } from '/static/vendor/lit-html.js'
import { formatTime, localeNow, setLocale, t } from '/static/js/texts.js'

const THEME = 'onegate.theme'
applyTheme(localStorage.getItem(THEME))

export function languageButton(show) {
  const other = localeNow() === 'id' ? 'en' : 'id'
  const change = async () => {
    await setLocale(other)
    show()
  }
  return html`<button class="language" lang=${other} @click=${change}>${other === 'id' ? 'Indonesia' : 'English'}</button>`
}

// Light for the sun, dark for a dark lobby; without a choice the device says which.
export function themeButton(show) {
  const chosen = document.documentElement.dataset.theme
  const isDark =
    (chosen ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
  const change = () => {
    localStorage.setItem(THEME, isDark ? 'light' : 'dark')
    applyTheme(isDark ? 'light' : 'dark')
    show()
  }
  return html`<button class="theme" @click=${change} aria-label=${t('common.theme')}>${isDark ? '☀' : '☾'}</button>`
}

export function staleBanner(live) {
  if (!live.isStale) return null
  const since = live.heardAt === null ? '' : formatTime(live.heardAt, true)
  return html`<p class="banner stale" role="status">${t('common.stale', { since })}</p>`
}

function applyTheme(theme) {
  if (theme === null) delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}
