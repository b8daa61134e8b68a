// What the desk must not lose when the page is loaded again: drafts, choices, what was sent.

const PREFIX = 'onegate.desk.'

export function recall(name, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + name)) ?? otherwise
  } catch {
    return otherwise
  }
}

export function keep(name, value) {
  if (value === null) sessionStorage.removeItem(PREFIX + name)
  else sessionStorage.setItem(PREFIX + name, JSON.stringify(value))
}
