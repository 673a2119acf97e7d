import type { Bot, Clock } from '@wa-agent/core'
import type { WebjsTransport } from '@wa-agent/transport-webjs'
import type { AgentMemory, AgentStatus, CloudState } from './agent-status.ts'

/** What is looked at. */
export interface Monitored {
  readonly bot: Bot
  readonly whatsApp: WebjsTransport
  readonly cloud: () => CloudState
  readonly clock: Clock
}

/** Measures what the agent and its browser take. */
export async function measureMemory(whatsApp: Pick<WebjsTransport, 'browserMemoryBytes'>): Promise<AgentMemory> {
  const chromiumBytes = await whatsApp.browserMemoryBytes()
  return { nodeBytes: process.memoryUsage.rss(), ...(chromiumBytes === undefined ? {} : { chromiumBytes }) }
}

/** Looks at all parts of the agent at once. The result tells how it is now. */
export function createMonitor({ bot, whatsApp, cloud, clock }: Monitored): () => Promise<AgentStatus> {
  const startedAtMs = clock.now()
  let lastMessageAtMs: number | undefined
  let stats = { pendingMessages: 0, pendingReplies: 0, deadLetters: 0 }
  bot.on('message-received', ({ message, status }) => {
    if (status === 'stored' && !message.fromMe) lastMessageAtMs = clock.now()
  })
  return async () => {
    // Where the storage cannot be asked, e.g. because another computer does the work now, it is as it was last seen.
    stats = await bot.stats().catch(() => stats)
    const { pendingMessages: waitingMessages, pendingReplies: waitingReplies, deadLetters } = stats
    const { state, reason, phone } = whatsApp.status
    const digits = phone?.split('@')[0]
    return {
      whatsApp: {
        state,
        ...(digits === undefined ? {} : { phone: digits }),
        ...(reason === undefined ? {} : { reason }),
      },
      cloud: cloud(),
      ...{ waitingMessages, waitingReplies, deadLetters, startedAtMs },
      ...(lastMessageAtMs === undefined ? {} : { lastMessageAtMs }),
    }
  }
}
