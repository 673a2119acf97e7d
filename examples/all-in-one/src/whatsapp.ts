import type { WebjsTransport } from '@wa-agent/transport-webjs'
import type { Settings } from './settings.ts'

/** WhatsApp Web in this process. What happens to it is said in words; the QR code is drawn on standard output. */
export async function openWhatsApp(settings: Settings): Promise<WebjsTransport> {
  // A browser's library is large, and only who wants it waits for it.
  const { webjsTransport } = await import('@wa-agent/transport-webjs')
  const { SESSION_DIR: sessionDir, PUPPETEER_EXECUTABLE_PATH: executablePath } = settings
  const transport = webjsTransport({
    tenant: 'shop',
    channel: 'whatsapp',
    sessionDir,
    ...(executablePath === undefined ? {} : { executablePath }),
  })
  transport.on('state-changed', ({ to, reason }) => {
    const number = to === 'connected' ? transport.status.phone?.split('@')[0] : undefined
    const more = number === undefined ? reason : `+${number}`
    process.stdout.write(`WhatsApp: ${to}${more === undefined ? '' : `, ${more}`}\n`)
  })
  return transport
}

/** What `/health` tells of it. */
export async function whatsAppHealth({ status, browserMemoryBytes }: WebjsTransport) {
  const { state, reason, phone } = status
  const chromiumBytes = (await browserMemoryBytes()) ?? null
  return {
    isWell: state === 'connected',
    details: {
      whatsapp: { state, ...(reason === undefined ? {} : { reason }), ...(phone === undefined ? {} : { phone }) },
      memory: { nodeBytes: process.memoryUsage.rss(), chromiumBytes },
    },
  }
}
