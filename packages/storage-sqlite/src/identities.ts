import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { LeaseTable } from '@wa-agent/core/mailbox'
import type { Box } from './box.ts'
import type { Boxes } from './boxes.ts'
import { encodeId } from './ids.ts'
import { LruMap } from './lru-map.ts'
import type { Sequence } from './sequence.ts'
import { mailShift, slices } from './slices.ts'
import type { Undo } from './undo.ts'

/** What the identities work with. */
export interface IdentitiesParts {
  readonly boxes: Boxes
  readonly leases: LeaseTable
  readonly undo: Undo
  readonly sequence: Sequence
  /** How many conversations are kept in memory. */
  readonly limit: number
}

/** Which ids name which conversation, and the joining of conversations that turn out to be one person's. */
export class Identities {
  readonly #boxes: Boxes
  readonly #leases: LeaseTable
  readonly #undo: Undo
  readonly #cache: LruMap<string, number>
  readonly #select: StatementSync
  readonly #insert: StatementSync
  readonly #moves: readonly StatementSync[]
  readonly #moveAliases: StatementSync
  readonly #sequence: Sequence

  constructor(db: DatabaseSync, parts: IdentitiesParts) {
    this.#boxes = parts.boxes
    this.#leases = parts.leases
    this.#undo = parts.undo
    this.#sequence = parts.sequence
    this.#cache = new LruMap(parts.limit * 4)
    this.#select = db.prepare('SELECT conversation FROM aliases WHERE channel = ? AND id = ?')
    this.#insert = db.prepare(
      'INSERT INTO aliases (channel, id, conversation) VALUES (?, ?, ?) ON CONFLICT (channel, id) DO NOTHING',
    )
    this.#moveAliases = db.prepare('UPDATE aliases INDEXED BY aliases_of SET conversation = ? WHERE conversation = ?')
    this.#moves = ['inbox', 'outbox'].map((table) =>
      db.prepare(
        `UPDATE ${table} INDEXED BY ${table}_of SET conversation = ? WHERE seq >> ${mailShift} = ? AND conversation = ?`,
      ),
    )
  }

  reset(): void {
    this.#cache.clear()
  }

  trim(): void {
    this.#cache.trim()
  }

  /** The conversation that an id names. */
  find(channel: number, id: string): number | undefined {
    const key = `${channel}/${id}`
    const cached = this.#cache.get(key)
    if (cached !== undefined) return cached
    const row = this.#select.get(channel, encodeId(id)) as { conversation: number } | undefined
    if (row) this.#cache.set(key, row.conversation)
    return row?.conversation
  }

  /** The conversations that these ids name, the oldest first, and the ids that name none yet. */
  findAll(
    channel: number,
    ids: readonly string[],
  ): { readonly known: readonly number[]; readonly fresh: readonly string[] } {
    const known: number[] = []
    const fresh: string[] = []
    for (const id of ids) {
      const conversation = this.find(channel, id)
      if (conversation === undefined) fresh.push(id)
      else if (!known.includes(conversation)) known.push(conversation)
    }
    return { known: known.sort((a, b) => a - b), fresh }
  }

  add(box: Box, ids: readonly string[]): void {
    for (const id of ids) {
      this.#insert.run(box.channel, encodeId(id), box.id)
      this.#cache.set(`${box.channel}/${id}`, box.id)
    }
  }

  /** The conversation of this chat, made where there is none. */
  boxOrNew(channel: number, chat: string): Box {
    const id = this.find(channel, chat)
    if (id !== undefined) return this.#boxes.get(id)
    const box = this.#boxes.create(channel, chat)
    this.add(box, [chat])
    return box
  }

  /** Moves everything of `younger` into `older`; its ids name `older` from now on. */
  join(older: Box, younger: Box): void {
    this.#undo.add(this.#leases.join(older, younger))
    older.absorb(younger)
    for (const slice of slices(this.#sequence, { shift: mailShift, since: younger.since })) {
      for (const move of this.#moves) move.run(older.id, slice, younger.id)
    }
    this.#moveAliases.run(older.id, younger.id)
    older.since = Math.min(older.since, younger.since)
    this.#boxes.remove(younger)
    this.#boxes.saveAll(older)
    this.#cache.clear()
  }
}
