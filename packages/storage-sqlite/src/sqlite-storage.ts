import type { NewReply, Storage } from '@wa-agent/core'
import { stateToJson } from '@wa-agent/core/mailbox'
import { Handle, type IntegrityReport } from './handle.ts'
import { type SqliteStorageOptions, settingsOf } from './options.ts'
import type { ReplyDraft } from './outbox.ts'
import { pruneStart } from './upkeep.ts'

/** A `Storage` in one SQLite file, and what only a file can do. */
export interface SqliteStorage extends Storage {
  /** Reads the whole file and says whether it is sound. Blocks the process meanwhile: seconds for a gigabyte. */
  integrityCheck(): Promise<IntegrityReport>
  /** Writes a copy of the database as it is now to `path`, while everything goes on. A file that is there is replaced. */
  backup(path: string): Promise<void>
}

/**
 * Durable storage in one file, on SQLite as Node brings it: nothing to install, nothing to run. What was acknowledged
 * survives `kill -9` and, by default, a power cut. One process owns the file.
 */
export function sqliteStorage(options: SqliteStorageOptions): SqliteStorage {
  return storageOn(new Handle(settingsOf(options)))
}

/** The storage that works on this file. */
export function storageOn(handle: Handle): SqliteStorage {
  const { read, readDurable, write } = handle
  return {
    open: async () => handle.open(),
    async append(messages) {
      const drafts = messages.map((entry) => ({ entry, json: JSON.stringify(entry.message) }))
      return write((store) => store.append(drafts), sizeOf(drafts))
    },
    claim: async (request) => read((store) => store.claim(request)),
    async commit(lease, change) {
      const state = change.state && stateToJson(change.state)
      const prepared = { change, state, replies: draftsOf(change.replies ?? []) }
      return write((store) => store.commit(lease, prepared), sizeOf(prepared.replies) + (state?.length ?? 0))
    },
    settle: (reply, outcome) => write((store) => store.settle(reply, outcome)),
    track: (channel, updates) => write((store) => store.track(channel, updates)),
    answers: (conversation, messageIds) => readDurable((store) => store.answers(conversation, messageIds)),
    renew: async (lease, renewal) => read((store) => store.renew(lease, renewal)),
    release: async (lease) => read((store) => store.release(lease)),
    async enqueue(conversation, replies) {
      const drafts = draftsOf(replies)
      return write((store) => store.enqueue(conversation, drafts), sizeOf(drafts))
    },
    control: (conversation, control) => write((store) => store.control(conversation, control)),
    overdue: async (query) => read((store) => store.overdue(query)),
    deadLetters: {
      list: async (query = {}) => read((store) => store.letters(query)),
      retry: (id, nowMs) => write((store) => store.deadLetters.retry(id, nowMs)),
      discard: (id) => write((store) => store.deadLetters.discard(id, handle.settings.clock.now())),
    },
    records: {
      get: async (channel, name) => read((store) => store.record(channel, name)),
      list: async (channel, prefix) => read((store) => store.recordsOf(channel, prefix)),
      set: (channel, name, value) => write((store) => store.setRecord(channel, name, value), value?.length),
      replace: (channel, name, change) =>
        write((store) => store.replaceRecord(channel, name, change), change.to?.length),
    },
    stats: async () => read((store) => store.upkeep.stats()),
    async prune({ beforeMs }) {
      let progress = pruneStart
      while (!progress.isDone) {
        // One batch after another, so that messages get their turn in between.
        const before = progress
        progress = await write((store) => store.upkeep.prune(beforeMs, before))
      }
      return { removed: progress.removed }
    },
    close: () => handle.close(),
    integrityCheck: async () => handle.integrityCheck(),
    backup: (path) => handle.backup(path),
  }
}

function draftsOf(replies: readonly NewReply[]): ReplyDraft[] {
  return replies.map((reply) => ({ reply, json: JSON.stringify(reply.message) }))
}

/** About how much this adds to the log. */
function sizeOf(drafts: readonly { readonly json: string }[]): number {
  let bytes = 0
  for (const { json } of drafts) bytes += json.length
  return bytes
}
