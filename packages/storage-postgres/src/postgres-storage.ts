import type { Storage } from '@wa-agent/core'
import { answersOf } from './answers.ts'
import { Handle } from './handle.ts'
import { type PostgresStorageOptions, settingsOf } from './options.ts'
import { prune, statsOf } from './upkeep.ts'

/**
 * Durable storage in PostgreSQL, for as many processes as work on one database. Calls that are made at the same time share
 * statements and transactions. Leases are in the database, with fencing tokens; processes wake each other.
 */
export function postgresStorage(options: PostgresStorageOptions): Storage {
  const handle = new Handle(settingsOf(options))
  const { use } = handle
  return {
    open: () => handle.open(),
    watch: (onMail) => handle.watch(onMail),
    append: (messages) => use(({ appender }) => appender.append(messages)),
    claim: (request) => use(({ claims }) => claims.claim(request)),
    commit: (lease, change) => use(({ commits }) => commits.commit(lease, change)),
    settle: (reply, outcome) => use(({ settlements }) => settlements.settle(reply, outcome)),
    track: (channel, updates) => use(({ tracking }) => tracking.track(channel, updates)),
    renew: (lease, renewal) => use(({ leases }) => leases.renew(lease, renewal)),
    release: (lease) => use(({ leases }) => leases.release(lease)),
    answers: (conversation, ids) => use(({ parts }) => answersOf(parts, conversation, ids)),
    enqueue: (conversation, replies) => use(({ outside }) => outside.enqueue(conversation, replies)),
    control: (conversation, control) => use(({ outside }) => outside.control(conversation, control)),
    overdue: (query) => use((works) => works.claims.overdue(query)),
    deadLetters: {
      list: (query) => use(({ letters }) => letters.list(query)),
      retry: (id, nowMs) => use(({ letters }) => letters.retry(id, nowMs)),
      discard: (id) => use(({ letters }) => letters.discard(id)),
    },
    records: {
      get: (channel, name) => use(({ records }) => records.get(channel, name)),
      list: (channel, prefix) => use(({ records }) => records.list(channel, prefix)),
      set: (channel, name, value) => use(({ records }) => records.set(channel, name, value)),
      replace: (channel, name, change) => use(({ records }) => records.replace(channel, name, change)),
    },
    stats: () => use(({ parts }) => statsOf(parts)),
    prune: ({ beforeMs }) => use(async ({ parts }) => ({ removed: await prune(parts, beforeMs) })),
    close: () => handle.close(),
  }
}
