import { Client, type LibraryBrowser, type LibraryClient, type LibraryPage, LocalAuth } from './library.ts'
import type { Settings } from './options.ts'

/** What is heard of a client beyond the library's own events. */
export interface ClientHooks {
  /** The browser runs; nothing is loaded yet. */
  readonly launched: (browser: LibraryBrowser, page: LibraryPage) => void
  /** The owner unlinked the device: the profile is worth nothing any more. */
  readonly loggedOut: () => void
  /** A page that came later could not be taken over. */
  readonly injectionFailed: (error: unknown) => void
}

/** What of the library is not in its types. */
interface Inside {
  inject(): Promise<void>
  initWebVersionCache(): Promise<void>
  requestPairingCode(...parameters: unknown[]): Promise<string>
  destroy(): Promise<void>
}

/** A fresh client; each start needs its own. */
export function createClient(settings: Settings, executablePath: string, hooks: ClientHooks): LibraryClient {
  const { clientId, sessionDir, pairWithPhone, headless, browserArgs, pageTimeoutMs, startTimeoutMs } = settings
  const auth = new LocalAuth({ clientId, dataPath: sessionDir })
  const client = new Client({
    authStrategy: auth,
    // The newest page: pinned ones stop working. And no copies of it in the working directory.
    webVersionCache: { type: 'none' },
    authTimeoutMs: startTimeoutMs,
    // Chromium's own; the library's default says that it is a Chrome of 2022. Its types do not know `false`.
    userAgent: false as unknown as string,
    ...(pairWithPhone ? { pairWithPhoneNumber: pairingOf(pairWithPhone) } : {}),
    puppeteer: {
      executablePath,
      // It knows no other way.
      headless: headless === true && /headless-shell/.test(executablePath) ? 'shell' : headless,
      // With pipes the browser ends with this process, however that ends.
      pipe: true,
      protocolTimeout: 2 * pageTimeoutMs,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      args: [...argumentsOfOurs(), ...browserArgs],
    },
  })
  const launched = auth.afterBrowserInitialized.bind(auth)
  let isLaunched = false
  auth.afterBrowserInitialized = async () => {
    // It comes again after a log-out.
    if (!isLaunched && client.pupBrowser && client.pupPage) hooks.launched(client.pupBrowser, client.pupPage)
    isLaunched = true
    await launched()
  }
  // The library deletes the profile under the running browser, and a phone that is linked then is forgotten.
  auth.logout = async () => hooks.loggedOut()
  tame(client as unknown as Inside, hooks)
  return client
}

/** The library calls some of its own methods where nobody hears of a rejection, and Node ends the process for it. */
function tame(client: Inside, hooks: ClientHooks): void {
  // It would keep the text of the page, which nobody asks for, and fails when the page goes away meanwhile.
  client.initWebVersionCache = async () => undefined
  // Only the session ends the browser.
  client.destroy = async () => undefined
  const inject = client.inject.bind(client)
  let isFirst = true
  client.inject = async () => {
    // The first one is awaited by `initialize`, the others by nobody.
    if (isFirst) {
      isFirst = false
      return inject()
    }
    return inject().catch(hooks.injectionFailed)
  }
  const request = client.requestPairingCode.bind(client)
  client.requestPairingCode = (...parameters) =>
    request(...parameters).catch((error: unknown) => {
      hooks.injectionFailed(error)
      return ''
    })
}

function pairingOf({ phone, notification = true }: NonNullable<Settings['pairWithPhone']>) {
  return { phoneNumber: phone, showNotification: notification, intervalMs: 180_000 }
}

function argumentsOfOurs(): string[] {
  // As root Chromium does not start with its sandbox; in containers /dev/shm is too small for it.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return process.platform === 'linux' ? [...sandbox, '--disable-dev-shm-usage'] : []
}
