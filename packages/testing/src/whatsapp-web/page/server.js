// The way to the server: calls by POST, events by EventSource, files by PUT and GET. All on the page's own origin.

/** Which load of the page this is: a reload is another one. */
export const pageId = crypto.randomUUID()

/** Asks the server. Rejects with its words where it refuses. */
export async function call(name, value = {}) {
  const response = await fetch(`/sim/call/${name}?page=${pageId}`, { method: 'POST', body: JSON.stringify(value) })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error)
  return answer
}

let told = Promise.resolve()

/** Tells the server, in order; nobody waits for it, and who is cut off goes on all the same. */
export function tell(name, value) {
  told = told.then(() => call(name, value)).catch(() => undefined)
}

/** How long to wait before the server is asked again. */
const retryMs = 200
let line = Promise.resolve()

/** As `call`, one after the other, in the order in which they were asked; while the server is away they wait for it. */
export function callInOrder(name, value) {
  const answer = line.then(() => callUntilReached(name, value))
  line = answer.catch(() => undefined)
  return answer
}

async function callUntilReached(name, value) {
  for (;;) {
    try {
      return await call(name, value)
    } catch (error) {
      // What the server refuses is another kind of error.
      if (!(error instanceof TypeError)) throw error
      await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }
}

/** Keeps a file on the server and gives the path under which it can be downloaded. */
export async function upload(blob) {
  const response = await fetch('/sim/media', { method: 'PUT', headers: { 'content-type': blob.type }, body: blob })
  return (await response.json()).path
}

/** Rejects with `status` 404 where the server no longer has the file. */
export async function download(path) {
  const response = await fetch(`/sim/media?path=${encodeURIComponent(path)}`, { cache: 'no-store' })
  if (!response.ok) throw Object.assign(new Error('The media is gone.'), { status: response.status })
  return response.arrayBuffer()
}

/**
 * Listens to the server for as long as the page lives, and connects again by itself. `address` is asked for each
 * connection; `onEvent` gets the name and the value; `onLost` hears that the connection is gone.
 */
export async function listen({ address, onEvent, onLost }) {
  const source = new EventSource(await address())
  source.onmessage = ({ data }) => {
    const { name, value } = JSON.parse(data)
    onEvent(name, value)
  }
  source.onerror = () => {
    // Not its own way of reconnecting: the address changes with what the page has seen.
    source.close()
    onLost()
    setTimeout(() => void listen({ address, onEvent, onLost }), retryMs)
  }
}
