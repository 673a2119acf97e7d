import type { AppendResult, NewMessage } from '@wa-agent/core'
import { personIds, wroteAtMs } from '@wa-agent/core/mailbox'
import { appendSlowly, type MessageDraft } from './append-slowly.ts'
import type { Row, Runner } from './database.ts'
import { isTaken } from './errors.ts'
import { Lane, type Outcome } from './lane.ts'
import { keyOf, Mailboxes } from './mailboxes.ts'
import type { Parts } from './parts.ts'
import { numberOf } from './rows.ts'
import { arrayOf, decodeText, encodeText } from './text.ts'

/** One call of `append`. */
interface Call {
  readonly messages: readonly NewMessage[]
  readonly jsons: readonly string[]
}

const statuses = ['stored', 'duplicate', 'echo'] as const
/** What `append_messages` says of a message that needs the rules. */
const needsRules = '9'

/** Takes messages in: those of many calls in one statement, unless one of them needs the rules of the mailbox. */
export class Appender {
  readonly #parts: Parts
  readonly #lane: Lane<Call, readonly AppendResult[]>

  constructor(parts: Parts) {
    this.#parts = parts
    this.#lane = new Lane({ run: (calls) => this.#run(calls), maxItems: 500, maxBytes: 2 ** 22 })
  }

  async append(messages: readonly NewMessage[]): Promise<readonly AppendResult[]> {
    if (messages.length === 0) return []
    const jsons = messages.map(({ message }) => JSON.stringify(message))
    // What the caller changes later must not reach what waits in the lane.
    const copies = messages.map((entry, index) => ({
      ...entry,
      message: entry.control || entry.message.fromMe ? JSON.parse(jsons[index] as string) : entry.message,
      ...(entry.control && { control: structuredClone(entry.control) }),
    }))
    const bytes = jsons.reduce((sum, { length }) => sum + length, 0)
    return this.#lane.submit({ messages: copies, jsons }, bytes)
  }

  drained(): Promise<void> {
    return this.#lane.drained()
  }

  async #run(calls: readonly Call[]): Promise<Outcome<readonly AppendResult[]>[]> {
    const entries = calls.flatMap(({ messages }) => messages)
    const jsons = calls.flatMap((call) => call.jsons)
    const channels = await this.#parts.channels.idsOf(entries)
    const drafts = entries.map((entry, index) => ({
      entry,
      json: jsons[index] as string,
      channel: channels[index] as number,
    }))
    const results = await this.#append(drafts)
    this.#ring(entries, results)
    let from = 0
    return calls.map(({ messages }) => {
      const value = results.slice(from, from + messages.length)
      from += messages.length
      return { value }
    })
  }

  /** Tells other processes where something is due by now. */
  #ring(entries: readonly NewMessage[], results: readonly AppendResult[]): void {
    const nowMs = this.#parts.settings.clock.now()
    const isDue = ({ status, dueAtMs }: AppendResult, index: number) => {
      const since = entries[index]?.receivedAtMs ?? 0
      return status === 'stored' && dueAtMs !== undefined && dueAtMs <= Math.max(nowMs, since)
    }
    if (results.some(isDue)) this.#parts.doorbell.ring()
  }

  async #append(drafts: readonly MessageDraft[]): Promise<AppendResult[]> {
    const { database } = this.#parts
    const again = repeats(drafts)
    let slow = drafts.map(({ entry }, index) => entry.control !== undefined || again[index] === true)
    if (!slow.includes(true)) {
      try {
        const rows = await database.callFunction('append_messages', columnsOf(drafts))
        if (!rows.some(([, verdict]) => verdict === needsRules)) return resultsOf(drafts, rows)
        slow = slownessOf(drafts, rows)
      } catch (error) {
        if (!isTaken(error)) throw error
        slow = drafts.map(() => true)
      }
    }
    const marked = slow
    return database.transaction((runner) => this.#appendMixed(runner, drafts, marked))
  }

  /** In the order given: those that need the rules one by one, those between them at once. */
  async #appendMixed(
    runner: Runner,
    drafts: readonly MessageDraft[],
    slow: readonly boolean[],
  ): Promise<AppendResult[]> {
    const mailboxes = new Mailboxes(runner)
    await lockKnown(runner, drafts)
    const results: AppendResult[] = []
    while (results.length < drafts.length) {
      const from = results.length
      const next = slow.indexOf(true, from)
      const quick = drafts.slice(from, next < 0 ? drafts.length : next)
      const rows = quick.length > 1 ? await this.#appendQuick(runner, quick) : []
      if (rows.length > 0) results.push(...resultsOf(quick, rows))
      const rest = rows.length > 0 ? [] : quick
      for (const draft of next < 0 ? rest : [...rest, drafts[next] as MessageDraft]) {
        results.push(await appendSlowly(mailboxes, draft, this.#parts.settings.clock.now()))
      }
    }
    return results
  }

  /** No rows where that is not possible. */
  async #appendQuick(runner: Runner, drafts: readonly MessageDraft[]): Promise<Row[]> {
    const values = columnsOf(drafts)
    const parameters = values.map((_, index) => `$${index + 1}`).join(',')
    await runner.query('SAVEPOINT quick')
    try {
      const rows = await runner.query(`SELECT * FROM append_messages(${parameters})`, values)
      return rows.some(([, verdict]) => verdict === needsRules) ? [] : rows
    } catch (error) {
      if (!isTaken(error)) throw error
      await runner.query('ROLLBACK TO SAVEPOINT quick')
      return []
    }
  }
}

/**
 * Locks all that these messages name, oldest first as everybody does: one message after the other they would be locked in the
 * order of the messages, and two processes would wait for each other.
 */
async function lockKnown(runner: Runner, drafts: readonly MessageDraft[]): Promise<void> {
  const names = drafts.flatMap(({ entry, channel }) => personIds(entry.message).map((id) => ({ channel, id })))
  const rows = await runner.query(
    `SELECT DISTINCT a.conversation FROM unnest($1::integer[], $2::text[]) AS n (channel, id)
     JOIN aliases AS a ON a.channel = n.channel AND a.id = n.id`,
    [arrayOf(names.map(({ channel }) => channel)), arrayOf(names.map(({ id }) => encodeText(id)))],
  )
  await runner.query('SELECT FROM conversations WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE', [
    arrayOf(rows.map(([id]) => id ?? null)),
  ])
}

function columnsOf(drafts: readonly MessageDraft[]): unknown[] {
  const entries = drafts.map(({ entry }) => entry)
  const aliasOf: number[] = []
  const aliases: string[] = []
  for (const [index, { message }] of entries.entries()) {
    const ids = personIds(message)
    for (let at = 1; at < ids.length; at += 1) {
      aliasOf.push(index + 1)
      aliases.push(encodeText(ids[at] as string))
    }
  }
  return [
    arrayOf(drafts.map(({ channel }) => channel)),
    arrayOf(entries.map(({ message }) => encodeText(message.chat))),
    arrayOf(entries.map(({ message }) => encodeText(message.id))),
    arrayOf(drafts.map(({ json }) => json)),
    arrayOf(entries.map(({ receivedAtMs }) => receivedAtMs)),
    arrayOf(entries.map(({ settleAtMs }) => settleAtMs)),
    arrayOf(entries.map(({ dueByMs }) => dueByMs)),
    arrayOf(entries.map((entry) => wroteAtMs(entry))),
    arrayOf(entries.map(({ message }) => message.fromMe)),
    arrayOf(entries.map(({ trace }) => (trace ? JSON.stringify(trace) : null))),
    arrayOf(aliasOf),
    arrayOf(aliases),
  ]
}

function slownessOf(drafts: readonly MessageDraft[], rows: readonly Row[]): boolean[] {
  const slow = drafts.map(() => false)
  for (const [n, verdict] of rows) if (verdict === needsRules) slow[Number(n) - 1] = true
  return slow
}

function resultsOf(drafts: readonly MessageDraft[], rows: readonly Row[]): AppendResult[] {
  const results: AppendResult[] = []
  for (const [n, verdict, chat, due] of rows) {
    const index = Number(n) - 1
    const { entry } = drafts[index] as MessageDraft
    const dueAtMs = numberOf(due)
    results[index] = {
      status: statuses[Number(verdict)] ?? 'stored',
      conversation: keyOf(entry, decodeText(chat as string)),
      ...(dueAtMs !== undefined && { dueAtMs }),
    }
  }
  return results
}

/** Which messages are here a second time, perhaps under another chat: they must teach and open nothing. */
function repeats(drafts: readonly MessageDraft[]): boolean[] {
  const seen = new Set<string>()
  return drafts.map(({ entry, channel }) => {
    const key = `${channel}/${entry.message.id}`
    const isAgain = seen.has(key)
    seen.add(key)
    return isAgain
  })
}
