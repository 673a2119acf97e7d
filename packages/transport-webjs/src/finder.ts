import { type Clock, type Delivery, type FindResult, type OutboundMessage, textOf, WaAgentError } from '@wa-agent/core'
import { messageIdsOf } from './ids.ts'
import type { Settings } from './options.ts'
import { bothIds, lastOwnMessages, type OwnMessage } from './page.ts'
import { causeOf } from './page-errors.ts'
import type { Session } from './session.ts'

/** So many of our own messages of a chat are looked at. */
const most = 50

export interface FinderOptions {
  readonly settings: Settings
  readonly clock: Clock
  readonly session: () => Session | undefined
}

/** Looks into the chat for a reply whose outcome was missed. Rejects with a retryable `send_failed` while it cannot look. */
export async function findInChat(delivery: Delivery, options: FinderOptions): Promise<FindResult> {
  const session = options.session()
  if (!session) throw unavailable('WhatsApp Web is not connected')
  // A reaction is nobody's message.
  if (delivery.message.type === 'reaction') return { status: 'unknown' }
  try {
    const { phone, lid } = await session.run(bothIds, delivery.chat)
    const chats = [...new Set([delivery.chat, phone, lid])].filter((id) => id !== undefined)
    const messages = await session.run(lastOwnMessages, { chats, most })
    const ids = messageIdsOf({ ...options.settings, id: delivery.id })
    return foundIn(messages, { ids, choosesIds: session.choosesIds, message: delivery.message })
  } catch (error) {
    throw unavailable(causeOf(error) || 'the page does not answer', error)
  }
}

/** What the last messages of a chat say of a reply. `messages` are the newest first. */
export function foundIn(
  messages: readonly OwnMessage[],
  reply: { readonly ids: readonly string[]; readonly choosesIds: boolean; readonly message: OutboundMessage },
): FindResult {
  const known = messages.filter(({ id }) => reply.ids.includes(id))
  const accepted = known.find(({ ack }) => ack > 0)
  if (accepted) return { status: 'sent', providerId: accepted.key }
  // Queued in the page: it may yet go out.
  if (known.some(({ ack }) => ack === 0)) return { status: 'unknown' }
  if (reply.choosesIds || known.length > 0) return { status: 'absent' }
  // Where ids cannot be chosen, words are all that there is to go by, and the same words may be another reply's.
  const [newest] = messages
  const words = textOf(reply.message)
  const isSame = newest !== undefined && words !== '' && newest.text.trim() === words.trim() && newest.ack > 0
  return isSame ? { status: 'sent', providerId: newest.key } : { status: 'unknown' }
}

function unavailable(what: string, cause?: unknown): WaAgentError {
  return new WaAgentError(
    'send_failed',
    `[transport-webjs] The chat cannot be looked at now: ${what}. Try again later.`,
    {
      retryable: true,
      ...(cause === undefined ? {} : { cause }),
    },
  )
}
