import {
  type ChannelKey,
  type Claim,
  type ClaimRequest,
  type ConversationKey,
  type ConversationState,
  conversationId,
  type HistoryEntry,
  type InboundMessage,
  type Lease,
  type OutboundMessage,
  type OverdueQuery,
  type StoredMessage,
  type StoredReply,
  textOf,
  type Usage,
} from '@wa-agent/core'
import type { Row } from './database.ts'
import { Lane, type Outcome } from './lane.ts'
import type { HeldLeases } from './leases.ts'
import type { Parts } from './parts.ts'
import { flagsOf, messageOf, numberOf, replyOf } from './rows.ts'
import { arrayOf, decodeText, encodeText } from './text.ts'

/** What `claim_conversations` calls its rows. */
const kinds = { conversation: 0, message: 1, reply: 2, received: 3, said: 4, usage: 5 } as const

/** A request for one conversation. */
interface Single extends ClaimRequest {
  readonly conversation: ConversationKey
}

interface Found {
  readonly claim: Claim
  /** Which request it answers, from 1. */
  readonly request: number
}

/** Leases conversations. Requests for single ones share a statement; each sweep has one of its own. */
export class Claims {
  readonly #parts: Parts
  readonly #held: HeldLeases
  readonly #lane: Lane<Single, Claim | undefined>
  readonly #sweeps: Lane<ClaimRequest, readonly Claim[]>
  #count = 0

  constructor(parts: Parts, held: HeldLeases) {
    this.#parts = parts
    this.#held = held
    this.#lane = new Lane<Single, Claim | undefined>({
      run: (requests) => this.#claimSingles(requests),
      maxItems: 100,
      maxBytes: Number.POSITIVE_INFINITY,
      keyOf: ({ conversation }) => conversationId(conversation),
      kindOf,
    })
    this.#sweeps = new Lane<ClaimRequest, readonly Claim[]>({
      run: async ([request]) => [{ value: await this.#sweep(request as ClaimRequest) }],
      maxItems: 1,
      maxBytes: Number.POSITIVE_INFINITY,
      width: 2,
    })
  }

  async claim(request: ClaimRequest): Promise<readonly Claim[]> {
    const { conversation } = request
    if (!conversation) return this.#sweeps.submit(request)
    const claim = await this.#lane.submit({ ...request, conversation })
    return claim ? [claim] : []
  }

  /** One look into the index for each channel. */
  async overdue({ nowMs, beforeMs, except }: OverdueQuery): Promise<ChannelKey[]> {
    const { channels, database } = this.#parts
    const s = database.schema
    const rows = await database.query(
      `SELECT h.tenant, h.channel FROM ${s}.channels AS h CROSS JOIN LATERAL (
         SELECT FROM ${s}.conversations AS c WHERE c.channel = h.id AND c.due_at < $1 AND c.lease_until <= $2
         ORDER BY c.due_at LIMIT 1) AS waiting
       WHERE h.id <> ALL ($3::integer[])`,
      [beforeMs, nowMs, arrayOf(await channels.findAll(except))],
    )
    return rows.map(([tenant, channel]) => ({ tenant: tenant as string, channel: channel as string }))
  }

  async drained(): Promise<void> {
    await this.#lane.drained()
    await this.#sweeps.drained()
  }

  async #claimSingles(requests: readonly Single[]): Promise<Outcome<Claim | undefined>[]> {
    const channels = await this.#parts.channels.findAll(requests.map(({ conversation }) => conversation))
    const found = await this.#call(requests[0] as Single, [
      arrayOf(requests.map(({ nowMs }) => nowMs)),
      requests[0]?.leaseMs,
      null,
      arrayOf(channels),
      arrayOf(requests.map(({ conversation }) => encodeText(conversation.chat))),
      null,
      null,
      null,
    ])
    const byRequest = new Map(found.map(({ request, claim }) => [request, claim]))
    return requests.map((_, index) => ({ value: byRequest.get(index + 1) }))
  }

  async #sweep(request: ClaimRequest): Promise<Claim[]> {
    const except = [...(request.except ?? [])].map(parseId)
    const { channels } = this.#parts
    // Numbers also for those that were never used: otherwise each claim would ask for them again.
    const served = request.channels && (await channels.idsOf([...request.channels]))
    const exceptChannels = await channels.findAll(except)
    const chats = except.map(({ chat }) => encodeText(chat))
    const found = await this.#call(request, [
      arrayOf([request.nowMs]),
      request.leaseMs,
      request.limit ?? 1,
      null,
      null,
      served ? arrayOf([...new Set(served)]) : null,
      except.length > 0 ? arrayOf(exceptChannels) : null,
      except.length > 0 ? arrayOf(chats) : null,
    ])
    return found.map(({ claim }) => claim)
  }

  async #call(request: ClaimRequest, which: readonly unknown[]): Promise<Found[]> {
    const { database } = this.#parts
    this.#count += 1
    const claimed = `${this.#held.processId}.${this.#count}`
    const { maxMessages, historyLimit, usageDay } = request
    const values = [claimed, ...which, maxMessages, historyLimit, usageDay]
    // A claim whose answer never came holds leases that nobody knows of: they are given back before it is made again.
    const uncertain = async () => {
      await database.callFunction('forsake_leases', [claimed])
    }
    const rows = await database.callFunction('claim_conversations', values, { isRepeatable: true, uncertain })
    const found = toClaims(rows, request)
    for (const { claim } of found) this.#held.add(claim.lease)
    return found
  }
}

function kindOf({ owner, leaseMs, maxMessages, historyLimit, usageDay }: ClaimRequest): string {
  return [owner, leaseMs, maxMessages, historyLimit, usageDay].join(' ')
}

/** The key that `conversationId` wrote. */
function parseId(id: string): ConversationKey {
  const afterTenant = id.indexOf('/')
  const afterChannel = id.indexOf('/', afterTenant + 1)
  return {
    tenant: id.slice(0, afterTenant),
    channel: id.slice(afterTenant + 1, afterChannel),
    chat: id.slice(afterChannel + 1),
  }
}

interface Mail {
  readonly messages: StoredMessage[]
  readonly replies: StoredReply[]
  readonly history: HistoryEntry[]
}

function toClaims(rows: readonly Row[], request: ClaimRequest): Found[] {
  const mail = new Map<string, Mail>()
  const usage = new Map<string, Usage>()
  for (const row of rows) {
    const [kind, conversation, ...columns] = row
    if (Number(kind) === kinds.usage) usage.set(row[6] as string, { tokens: Number(row[3]), costUsd: Number(row[4]) })
    else addTo(mail, conversation as string, { kind: Number(kind), columns })
  }
  const found: Found[] = []
  for (const row of rows) {
    if (Number(row[0]) !== kinds.conversation) continue
    const parts = mail.get(row[1] as string) as Mail
    found.push({ claim: toClaim(row, parts, { request, usage }), request: Number(row[11]) })
  }
  return found
}

function addTo(
  mail: Map<string, Mail>,
  conversation: string,
  { kind, columns }: { readonly kind: number; readonly columns: Row },
): void {
  let parts = mail.get(conversation)
  if (!parts) {
    parts = { messages: [], replies: [], history: [] }
    mail.set(conversation, parts)
  }
  if (kind === kinds.message) parts.messages.push(messageOf(columns))
  else if (kind === kinds.reply) parts.replies.push(replyOf(columns))
  else if (kind === kinds.received) parts.history.push(receivedOf(columns))
  else if (kind === kinds.said) parts.history.push(saidOf(columns))
}

function receivedOf([, at, , , json]: Row): HistoryEntry {
  const message: InboundMessage = JSON.parse(json as string)
  return { by: message.fromMe ? 'owner' : 'customer', text: textOf(message), atMs: Number(at) }
}

function saidOf([, at, , , json]: Row): HistoryEntry {
  const message: OutboundMessage = JSON.parse(json as string)
  return { by: 'bot', text: textOf(message), atMs: Number(at) }
}

function toClaim(
  row: Row,
  { messages, replies, history }: Mail,
  { request, usage }: { readonly request: ClaimRequest; readonly usage: ReadonlyMap<string, Usage> },
): Claim {
  const [, , token, until, lastInbound, optedOut, chat, handoff, state, place] = row
  const [tenant = '', channel = ''] = (place as string).split('/')
  const conversation = Object.freeze({ tenant, channel, chat: decodeText(chat as string) })
  const lease: Lease = { conversation, owner: request.owner, token: Number(token), expiresAtMs: numberOf(until) ?? 0 }
  return {
    lease,
    state: typeof state === 'string' ? (JSON.parse(state) as ConversationState) : undefined,
    flags: flagsOf(optedOut === '1', handoff, lastInbound),
    messages: messages.slice(0, request.maxMessages),
    more: messages.length > request.maxMessages,
    replies,
    history,
    usage: usage.get(tenant) ?? { tokens: 0, costUsd: 0 },
  }
}
