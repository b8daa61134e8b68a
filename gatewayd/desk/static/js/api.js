// Requests to the gateway. An answer that is no comes back as {ok: false, text}; nothing is thrown.

let csrf = ''
const PATIENCE_MS = 35_000 // An admission waits up to 30 s for its turn at the lane.

export function setCsrf(token) {
  csrf = token
}

export async function get(path) {
  return await send('GET', path)
}

// key: names the request, so that the gateway carries it out once however often it is sent.
export async function post(path, body = {}, key = null) {
  return await send('POST', path, body, key)
}

export async function remove(path, body = {}) {
  return await send('DELETE', path, body)
}

async function send(method, path, body, key = null) {
  const headers = { Accept: 'application/json' }
  if (method !== 'GET') {
    headers['Content-Type'] = 'application/json'
    headers['X-CSRF-Token'] = csrf
    if (key !== null) headers['Idempotency-Key'] = key
  }
  try {
    const answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS)
    })
    const content = await answer.json()
    if (answer.status === 401) window.dispatchEvent(new Event('signed-out'))
    return { status: answer.status, ...content }
  } catch {
    return { ok: false, status: 0, code: 'unreachable' }
  }
}
