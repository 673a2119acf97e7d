import { join } from 'node:path'
import { startWorker, type Worker } from '../cloud-worker/worker.ts'

export const tenant = 'parcel-corner'
const adminKey = 'Zk3v9QmT7xLw2RbN8cHd5JpF'

/** A running `examples/cloud-worker` for desktops, which can go away and come back. Disposing kills it. */
export interface Cloud extends AsyncDisposable {
  readonly url: string
  /** Of the tenant. */
  readonly apiKey: string
  /** What it knows of the desktop. */
  status(): Promise<Record<string, unknown>>
  /** Another computer registers for the same number. */
  registerAnother(): Promise<void>
  /** Nobody answers until `comeBack`. */
  goAway(): Promise<void>
  comeBack(): Promise<void>
}

/** Starts a cloud that keeps everything in `folder`, and makes its tenant. */
export async function startCloud(folder: string): Promise<Cloud> {
  const settings = {
    TRANSPORTS: 'desktop',
    HOST: '127.0.0.1',
    ADMIN_API_KEY: adminKey,
    DATABASE: join(folder, 'cloud', 'worker.db'),
  }
  let worker: Worker = await startWorker({ ...settings, PORT: '0' })
  const { url } = worker
  const ask = async (path: string, key: string, body?: object) => {
    const response = await fetch(`${url}/api/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!response.ok) throw new Error(`The cloud answered ${path} with ${response.status}.`)
    return (await response.json()) as Record<string, unknown>
  }
  const made = await ask('admin/tenants', adminKey, { id: tenant, name: 'Parcel Corner' })
  const apiKey = String(made['apiKey'])
  return {
    url,
    apiKey,
    status: () => ask(`desktop-agent/status/${tenant}`, apiKey),
    async registerAnother() {
      await ask('desktop-agent/register', apiKey, { tenantId: tenant })
    },
    async goAway() {
      await worker.kill()
    },
    async comeBack() {
      worker = await startWorker({ ...settings, PORT: new URL(url).port })
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  }
}
