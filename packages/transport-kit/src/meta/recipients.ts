import { type Delivery, type InboundMessageInput, type TransportHost, WaAgentError } from '@wa-agent/core'

/** So many ids and so many messages are remembered. */
const mostRemembered = 20_000
/** Nobody changes the number more often while a process runs. */
const mostChanges = 8

/** `US.13491208655302741918`, or `US.ENT.…`: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids */
const businessScopedId = /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/

/** Whether this names a person without the phone number. */
export function isBusinessScopedId(id: string): boolean {
  return businessScopedId.test(id)
}

/** What a transport gives to `Recipients` while it runs. */
type Host = Pick<TransportHost, 'records'>

/**
 * Under which id people are reached now. A conversation keeps the id under which it began, which may be a business-scoped one
 * whose phone number has become known since, or a number that was given up. Learnt from webhooks: changes are remembered across
 * restarts, everything else is learnt again from who writes again.
 */
export class Recipients {
  readonly #current = new Map<string, string>()
  readonly #writers = new Map<string, string>()
  /** Names that nobody has given up, as far as is written down: looked up once, not with each message. */
  readonly #kept = new Map<string, true>()

  /** Known at once; resolves once it is durable what must be. */
  async learn(messages: readonly InboundMessageInput[], { records }: Host): Promise<void> {
    const learnt: (Recipient & { readonly name: string; readonly automated: boolean | undefined })[] = []
    for (const { id, chat, from, fromMe, isGroup, automated, sentAtMs: sinceMs } of messages) {
      if (fromMe || isGroup) continue
      const isHidden = isBusinessScopedId(from.id)
      // The number stays that of the business-scoped id: both change together.
      const now = isHidden ? (this.#current.get(from.id) ?? from.id) : from.id
      for (const name of new Set([chat, from.id, ...(from.aliases ?? []).map(({ value }) => value)])) {
        remember(this.#current, name, now)
        if (automated || !isHidden) learnt.push({ name, now, sinceMs, automated })
      }
      remember(this.#writers, id, now)
    }
    for (const { name, now, sinceMs, automated } of learnt) {
      // Who goes back to a number has given it up no more.
      if (automated) {
        this.#kept.delete(name)
        await records.set(recordOf(name), name === now ? undefined : `${now} ${sinceMs}`)
      } else if (!this.#kept.has(name)) {
        const known = await recorded(name, records)
        if (isOutdated(known, { now, sinceMs })) await records.set(recordOf(name), undefined)
        else if (known === undefined) remember(this.#kept, name, true)
      }
    }
  }

  /**
   * Who wrote what is answered comes first: a number that was given up may be somebody else's by now. Rejects with `send_failed`
   * where it cannot be looked up now.
   */
  async of({ chat, inReplyTo }: Pick<Delivery, 'chat' | 'inReplyTo'>, host: Host | undefined): Promise<string> {
    const answered = inReplyTo.findLast((id) => this.#writers.has(id))
    let id = (answered === undefined ? undefined : this.#writers.get(answered)) ?? chat
    for (let change = 0; change < mostChanges; change += 1) {
      const next = this.#current.get(id) ?? (await lookedUp(id, host)) ?? id
      remember(this.#current, id, next)
      if (next === id) break
      id = next
    }
    return id
  }
}

/** Who has a name, and since when, in milliseconds since 1970. */
interface Recipient {
  readonly now: string
  readonly sinceMs: number
}

/** Whether somebody else writes from the name since: numbers that were given up are given to others. */
function isOutdated(known: Recipient | undefined, writer: Recipient): boolean {
  return known !== undefined && known.now !== writer.now && known.sinceMs < writer.sinceMs
}

async function recorded(name: string, records: Host['records']): Promise<Recipient | undefined> {
  const record = await records.get(recordOf(name))
  if (record === undefined) return undefined
  // Older versions noted no time.
  const [now = record, sinceMs = '0'] = record.split(' ')
  return { now, sinceMs: Number(sinceMs) }
}

async function lookedUp(id: string, host: Host | undefined): Promise<string | undefined> {
  try {
    return host && (await recorded(id, host.records))?.now
  } catch (error) {
    throw notLookedUp(error)
  }
}

function notLookedUp(cause: unknown): WaAgentError {
  const message = 'Whether the customer has another number by now could not be looked up. Nothing was sent: try again.'
  return new WaAgentError('send_failed', message, { retryable: true, cause })
}

function recordOf(id: string): string {
  return `recipient.${id}`
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  if (map.get(key) === value) return
  map.set(key, value)
  if (map.size <= mostRemembered) return
  for (const oldest of map.keys()) return void map.delete(oldest)
}
