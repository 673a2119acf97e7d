// The whole hybrid on one machine: a simulated WhatsApp in a real Chromium, the desktop agent, HTTP, and the cloud worker.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findChromium, startWhatsAppWeb, type WhatsAppWeb } from '@wa-agent/testing/whatsapp-web'
import { Program, until } from './program.ts'

export { Program, until } from './program.ts'

/** What `GET /health` of the desktop agent says. */
export interface DesktopHealth {
  readonly status: string
  readonly whatsapp: { readonly state: string; readonly phone?: string }
  readonly cloud: { readonly state: string; readonly reachable: boolean }
  readonly queue: { readonly depth: number; readonly deadLetters: number }
  readonly memory: { readonly nodeBytes: number; readonly chromiumBytes: number | null }
}

/** How the world is made. */
export interface HybridWorldOptions {
  /** Where the desktop finds the cloud that listens on this port, e.g. through a broken network. Default: directly. */
  readonly linkTo?: (cloudPort: number) => Promise<string>
  /** Files that take the place of `examples/cloud-worker` and `examples/desktop-agent`. */
  readonly programs?: { readonly cloud?: string; readonly desktop?: string }
  /** Settings of the desktop agent beside those that it cannot do without. */
  readonly desktop?: Readonly<Record<string, string>>
  readonly cloud?: Readonly<Record<string, string>>
}

/** All of it, running and linked. Disposing ends every process and removes every file. */
export interface HybridWorld extends AsyncDisposable {
  readonly web: WhatsAppWeb
  readonly cloud: Program
  readonly desktop: Program
  readonly folder: string
  health(): Promise<DesktopHealth>
  /** Waits until the desktop answers for customers. */
  ready(): Promise<void>
}

const adminKey = 'hybrid-demo-Zk3v9QmT7xLw2R'
const tenant = 'parcel-corner'
const phone = '919876500000'
const examples = new URL('../../', import.meta.url)
const entryOf = (name: string) => fileURLToPath(new URL(`${name}/src/index.ts`, examples))

/** Starts the cloud, makes a business, starts its desktop and scans the QR code. Throws where no Chromium is found. */
export async function startHybridWorld(options: HybridWorldOptions = {}): Promise<HybridWorld> {
  const chromium = findChromium()
  if (chromium === undefined) throw new Error('No Chromium was found. Install it, or set PUPPETEER_EXECUTABLE_PATH.')
  const folder = mkdtempSync(join(tmpdir(), 'wa-agent-hybrid-'))
  const web = await startWhatsAppWeb({ phone })
  const cloud = cloudIn(folderIn(folder, 'cloud'), options)
  const ending: (() => unknown)[] = [() => web.close(), () => cloud.kill()]
  const end = async () => {
    for (const last of ending.reverse()) await last()
    rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 100 })
  }
  try {
    await cloud.start()
    const apiKey = await createBusiness(cloud.url)
    const url = (await options.linkTo?.(cloud.port)) ?? cloud.url
    const browser = web.writeBrowser(folderIn(folder, 'browser'), chromium)
    const desktop = desktopIn(
      folderIn(folder, 'desktop'),
      {
        ...{ CLOUD_SERVER_URL: url, TENANT_ID: tenant, API_KEY: apiKey, PUPPETEER_EXECUTABLE_PATH: browser },
        ...options.desktop,
      },
      options,
    )
    ending.push(() => desktop.stop())
    await desktop.start()
    const health = async () => (await (await fetch(`${desktop.url}/health`)).json()) as DesktopHealth
    const isReady = ({ whatsapp, cloud: link }: DesktopHealth) => whatsapp.state === 'connected' && link.reachable
    const ready = () => until('the desktop is ready', () => health().then(isReady, () => false), 60_000)
    await web.scanQr()
    await ready()
    return { web, cloud, desktop, folder, health, ready, [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}

function cloudIn(folder: string, { programs, cloud }: HybridWorldOptions): Program {
  return new Program({
    entry: programs?.cloud ?? entryOf('cloud-worker'),
    folder,
    portSetting: 'PORT',
    portIn: /"port":(\d+)[^\n]*"the worker is ready"/,
    environment: { TRANSPORTS: 'desktop', HOST: '127.0.0.1', ADMIN_API_KEY: adminKey, ...cloud },
  })
}

function desktopIn(
  folder: string,
  settings: Readonly<Record<string, string>>,
  { programs }: HybridWorldOptions,
): Program {
  return new Program({
    entry: programs?.desktop ?? entryOf('desktop-agent'),
    folder,
    portSetting: 'LOCAL_PORT',
    portIn: /http:\/\/localhost:(\d+)\/health/,
    environment: { NOTIFICATIONS: 'off', ...settings },
  })
}

async function createBusiness(url: string): Promise<string> {
  const response = await fetch(`${url}/api/admin/tenants`, {
    method: 'POST',
    headers: { 'x-api-key': adminKey, 'content-type': 'application/json' },
    body: JSON.stringify({ id: tenant, name: 'Parcel Corner' }),
  })
  if (response.status !== 201) throw new Error(`The business could not be made: ${response.status}`)
  return ((await response.json()) as { apiKey: string }).apiKey
}

function folderIn(folder: string, name: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}
