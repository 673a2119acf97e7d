import type { Bot, Clock, Logger } from '@wa-agent/core'
import type { QrCode, WebjsTransport } from '@wa-agent/transport-webjs'
import type { CloudState } from './agent-status.ts'
import { createAlerts } from './alerts.ts'
import { desktopNotifier } from './desktop-notification.ts'
import { plainDisplay, terminalDisplay } from './display.ts'
import { startHealthServer } from './health-server.ts'
import { createMonitor, measureMemory } from './monitor.ts'
import type { Settings } from './settings.ts'
import { headline, statusLine } from './status-line.ts'

/** What the owner looks at. */
export interface OwnerViewOptions {
  readonly settings: Settings
  readonly bot: Bot
  readonly whatsApp: WebjsTransport
  readonly cloud: () => CloudState
  readonly clock: Clock
  readonly logger: Logger
}

/** Everything by which the agent speaks to its owner. */
export interface OwnerView {
  start(): Promise<void>
  say(text: string): void
  stop(): void
}

const lookEveryMs = 2000

/** The status line, the QR code, `/health` and the notifications, all of one look at the agent. */
export function openOwnerView({ settings, bot, whatsApp, cloud, clock, logger }: OwnerViewOptions): OwnerView {
  const output = process.stdout
  const display = output.isTTY ? terminalDisplay(output) : plainDisplay(output, clock)
  const status = createMonitor({ bot, whatsApp, cloud, clock })
  let port = settings.LOCAL_PORT
  let qr: QrCode | undefined
  const page = () => `http://localhost:${port}/qr`
  const notify = settings.NOTIFICATIONS === 'on' ? desktopNotifier(logger) : () => undefined
  const alerts = createAlerts({ notify, clock, qrUrl: page })
  let server: Awaited<ReturnType<typeof startHealthServer>> | undefined
  let cancel: (() => void) | undefined
  const look = async () => {
    cancel?.()
    const now = await status()
    if (!server) return
    cancel?.()
    cancel = clock.after(lookEveryMs, () => void look())
    display.status(statusLine(now, { nowMs: clock.now() }), headline(now))
    alerts.update(now)
  }
  bot.on('handoff-started', ({ handoff }) => {
    if (handoff.by === 'agent') alerts.personWanted()
  })
  whatsApp.on('qr', (code) => {
    qr = code
    if (server) display.code({ drawing: code.drawing, caption: howToScan(page()) })
  })
  whatsApp.on('state-changed', ({ to }) => {
    if (to !== 'qr') {
      qr = undefined
      display.code(undefined)
    }
    if (server) void look()
  })
  return {
    async start() {
      const memory = () => measureMemory(whatsApp)
      server = await startHealthServer({ port, status, memory, qr: () => qr?.value })
      port = server.port
      display.say(`The desktop agent runs. How it is: http://localhost:${port}/health`)
      await look()
    },
    say: (text) => display.say(text),
    stop() {
      cancel?.()
      alerts.stop()
      server?.stop()
      server = undefined
      display.close()
    },
  }
}

function howToScan(page: string): string {
  return `On the phone: WhatsApp, Settings, Linked devices, Link a device.\nIf the code does not fit in here, it is also at ${page}`
}
