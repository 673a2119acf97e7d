import { type Clock, type Delivery, type Logger, type SendResult, waitFor } from '@wa-agent/core'
import { messageIdsOf, serializedKey } from './ids.ts'
import type { LibraryMessage } from './library.ts'
import type { Settings } from './options.ts'
import { loadFile } from './outbound-file.ts'
import type { OwnMessages } from './own-messages.ts'
import { type Left, showTyping, whatLeft } from './page.ts'
import { causeOf, isDead, isGone, isNobody } from './page-errors.ts'
import { mediaOf, type Rendered, renderWebjs } from './render.ts'
import type { Session } from './session.ts'
import { within } from './within.ts'

export interface SenderOptions {
  readonly settings: Settings
  readonly clock: Clock
  readonly logger: Logger
  readonly own: OwnMessages
  /** The session that is connected; `undefined` while none is. */
  readonly session: () => Session | undefined
}

/** Everything that belongs to one attempt. */
interface Attempt {
  readonly delivery: Delivery
  readonly session: Session
  /** The caller's. */
  readonly signal: AbortSignal
  /** The caller's, and that of the session. */
  readonly ending: AbortSignal
  /** The ids that the message may have; the first is its name in the page. */
  readonly ids: readonly [string, ...string[]]
}

const notConnected: SendResult = { status: 'failed', retryable: true, reason: 'WhatsApp Web is not connected' }
const notSent: SendResult = { status: 'failed', retryable: true, reason: 'given up before it was sent' }

/** Sends messages. What has left and was not accepted in time is `uncertain`, never guessed. */
export class Sender {
  readonly #options: SenderOptions

  constructor(options: SenderOptions) {
    this.#options = options
  }

  async send(delivery: Delivery, signal: AbortSignal): Promise<SendResult> {
    const session = this.#options.session()
    if (!session) return notConnected
    const ending = AbortSignal.any([signal, session.gone])
    const ids = messageIdsOf({ ...this.#options.settings, id: delivery.id })
    const attempt: Attempt = { delivery, session, signal, ending, ids }
    if (delivery.message.type === 'reaction') return this.#react(attempt)
    const rendered = await this.#render(attempt)
    if ('status' in rendered) return rendered
    await this.#actHuman(attempt)
    if (signal.aborted) return notSent
    if (session.gone.aborted) return notConnected
    for (const id of ids) this.#options.own.remember(id, { replyId: delivery.id })
    return this.#options.own.during(this.#leave(attempt, rendered))
  }

  async #render({ delivery, ending, signal }: Attempt): Promise<Rendered | SendResult> {
    const {
      maxMediaBytes: maxBytes,
      allowedMediaHosts: allowedHosts,
      pageTimeoutMs: timeoutMs,
    } = this.#options.settings
    const { message } = delivery
    const media = mediaOf(message)
    const file = media && (await loadFile(media, { maxBytes, allowedHosts, timeoutMs, signal: ending }))
    if (file && 'status' in file) return signal.aborted ? notSent : file
    const rendered = renderWebjs(message, file)
    return rendered ?? { status: 'failed', retryable: false, reason: `WhatsApp Web has no ${message.type}` }
  }

  /** Reads what was written, and writes for a while. Nothing depends on it. */
  async #actHuman({ delivery, session, ending }: Attempt): Promise<void> {
    const { settings, clock, logger } = this.#options
    const { chat, message } = delivery
    const failed = (error: unknown) => logger.debug({ cause: causeOf(error) }, 'typing could not be shown')
    if (settings.markSeen && delivery.inReplyTo.length > 0) {
      const limit = { clock, limitMs: settings.pageTimeoutMs }
      await within(limit, session.client.sendSeen(chat)).catch(failed)
    }
    if (settings.typing === false || message.type !== 'text') return
    const { msPerCharacter, leastMs, mostMs } = settings.typing
    await session.run(showTyping, { chat, state: 'typing' as const }).catch(failed)
    await waitFor(clock, Math.min(Math.max(message.text.length * msPerCharacter, leastMs), mostMs), ending)
  }

  async #leave(attempt: Attempt, { content, options }: Rendered): Promise<SendResult> {
    const { settings, clock, own } = this.#options
    const { session, delivery, ending, ids } = attempt
    const extra = { ...options.extra, ...(session.choosesIds ? { waAgentIds: ids } : {}) }
    const limit = { limitMs: settings.pageTimeoutMs + settings.ackTimeoutMs, signal: ending }
    const acked = own.ackOf(ids, limit)
    // A preview is fetched first; where that is what hangs, the next attempt does without.
    const linkPreview = delivery.attempt === 1
    const sending = session.client.sendMessage(delivery.chat, content, { ...options, linkPreview, extra })
    try {
      const work = Promise.race([sending, aborted(ending)])
      const message = await within({ clock, limitMs: settings.pageTimeoutMs }, work)
      return await this.#accepted(attempt, { message, acked })
    } catch (error) {
      return this.#failed(attempt, error)
    }
  }

  /** It is queued in the page; only an ack says that WhatsApp has it. */
  async #accepted(
    attempt: Attempt,
    sent: { readonly message: LibraryMessage | undefined; readonly acked: Promise<number | undefined> },
  ): Promise<SendResult> {
    const { own, settings, clock } = this.#options
    const { delivery, ending } = attempt
    const left = await this.#whatLeft(attempt)
    // The library says the same where it finds no chat, and where it does not find its own message.
    if (left === 'not-left') return { status: 'failed', retryable: false, reason: 'WhatsApp Web has no such chat' }
    const known = left === 'unknown' ? leftAs(sent.message) : left
    if (!known) return { status: 'uncertain', reason: 'WhatsApp Web does not say what became of it' }
    own.remember(known.id, { replyId: delivery.id, providerId: known.key })
    const limit = { limitMs: settings.ackTimeoutMs, signal: ending }
    const acked = left === 'unknown' ? own.ackOf([known.id], limit) : sent.acked
    const waiting =
      known.ack === 0 ? within({ clock, limitMs: limit.limitMs }, acked).catch(() => undefined) : known.ack
    const ack = await waiting
    if (ack === undefined) return { status: 'uncertain', reason: 'WhatsApp has not accepted it in time' }
    if (ack < 0) return { status: 'failed', retryable: true, reason: 'WhatsApp did not take it' }
    return { status: 'sent', providerId: known.key }
  }

  async #failed(attempt: Attempt, error: unknown): Promise<SendResult> {
    const { session, signal } = attempt
    const reason = causeOf(error) || 'no answer'
    if (isNobody(error)) return { status: 'failed', retryable: false, reason }
    if (isDead(error) && !signal.aborted) session.lose('browser-gone')
    // An exception of the page: nothing of this send is under way any more, so what has not left will not.
    const isOver = !isGone(error) && !(error instanceof Error && ['TooLongError', 'AbortedError'].includes(error.name))
    if (isOver && (await this.#whatLeft(attempt)) === 'not-left') return { status: 'failed', retryable: true, reason }
    return { status: 'uncertain', reason }
  }

  async #whatLeft({ session, ids }: Attempt) {
    const unknown = 'unknown' as const
    return session.choosesIds ? await session.run(whatLeft, ids[0]).catch(() => unknown) : unknown
  }

  async #react({ delivery, session, ending }: Attempt): Promise<SendResult> {
    const { message } = delivery
    if (message.type !== 'reaction') return notSent
    const { settings, clock } = this.#options
    const limited = <Value>(work: Promise<Value>) =>
      within({ clock, limitMs: settings.pageTimeoutMs }, Promise.race([work, aborted(ending)]))
    try {
      const target = await limited(session.client.getMessageById(message.to))
      if (!target) return { status: 'failed', retryable: false, reason: 'the message to react to is not there' }
    } catch (error) {
      return { status: 'failed', retryable: true, reason: causeOf(error) || 'no answer' }
    }
    if (ending.aborted) return notSent
    try {
      await limited(session.client.sendReaction(message.to, message.emoji))
      return { status: 'sent' }
    } catch (error) {
      return { status: 'uncertain', reason: causeOf(error) || 'no answer' }
    }
  }
}

/** What the library says of what it has sent. */
function leftAs(message: LibraryMessage | undefined): Left | undefined {
  return message && { key: serializedKey(message.id), id: message.id.id, ack: message.ack }
}

/** Rejects once the signal is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = () => reject(Object.assign(new Error('given up while it was on its way'), { name: 'AbortedError' }))
    if (signal.aborted) give()
    else signal.addEventListener('abort', give, { once: true })
  })
}
