import type { Provider } from './providers.ts'
import type { Json } from './sink.ts'

/** A webhook as it goes over the wire. */
export interface Webhook {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer>
}

/** Writes a body as its provider would, and signs it. */
export function webhookOf(provider: Provider, json: Json): Webhook {
  const body = JSON.stringify(json)
  return { path: provider.path, body, headers: { 'content-type': 'application/json', ...provider.sign(body) } }
}

/** Posts it once; resolves with the status of the answer. */
export async function post(url: string, { path, headers, body }: Webhook, timeoutMs = 15_000): Promise<number> {
  const signal = AbortSignal.timeout(timeoutMs)
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body, signal })
  await response.arrayBuffer()
  return response.status
}
