// A screen at which nobody types signs in by its token, behind the # of its address, once.

import { post } from '/static/js/api.js'

export async function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token === null) return
  history.replaceState(null, '', location.pathname + location.search)
  await post('/api/session', { token })
}
