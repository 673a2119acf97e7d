// The session of the linked device. It is in the database of the browser's profile and not in `localStorage`, because only
// a database can be asked to be on disk before it answers: so a session survives the killing of the browser.

const store = 'session'

const answerOf = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

async function open() {
  const request = indexedDB.open('simulated-whatsapp-web', 1)
  request.onupgradeneeded = () => request.result.createObjectStore(store)
  return answerOf(request)
}

/** The token of the session, or `undefined` where none is linked. */
export async function readToken() {
  const database = await open()
  const token = await answerOf(database.transaction(store).objectStore(store).get('token'))
  database.close()
  return token
}

/** Resolves once the token is on disk. Without a token the session is forgotten. */
export async function writeToken(token) {
  const database = await open()
  const transaction = database.transaction(store, 'readwrite', { durability: 'strict' })
  if (token) transaction.objectStore(store).put(token, 'token')
  else transaction.objectStore(store).delete('token')
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve
    transaction.onerror = () => reject(transaction.error)
  })
  database.close()
}
