import type { NeededName } from './settings.ts'

const timeoutMs = 10_000

/** Asks the cloud server whether it knows these answers. Resolves with what the owner should hear. */
export async function checkCloud(
  { CLOUD_SERVER_URL: url, TENANT_ID: tenantId, API_KEY: apiKey }: Readonly<Record<NeededName, string>>,
  request: typeof fetch = fetch,
): Promise<string> {
  const address = `${url.replace(/\/+$/, '')}/api/desktop-agent/status/${encodeURIComponent(tenantId)}`
  try {
    const { status, ok } = await request(address, {
      headers: { 'x-api-key': apiKey },
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (ok) return 'The cloud server knows you.'
    if (status === 401 || status === 403) return `The cloud server refuses this API key (${status}). Is it complete?`
    if (status === 404) return 'The cloud server does not know this business. Is the name right?'
    return `The cloud server has a problem now (${status}). It is tried again later.`
  } catch {
    return 'The cloud server cannot be reached now. Is the address right? It is tried again later.'
  }
}
