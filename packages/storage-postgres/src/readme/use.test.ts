import { simulatedWhatsApp } from '@wa-agent/testing'
import { postgresForTests } from '@wa-agent/testing/servers'
import pg from 'pg'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'

const postgres = await postgresForTests()
const url = postgres?.url ?? ''
afterAll(() => postgres?.[Symbol.asyncDispose]())

// #region use
import { createBot, createPipeline, defineAgent, type Transport } from '@wa-agent/core'
import { postgresStorage } from '@wa-agent/storage-postgres'

const hello = defineAgent({
  name: 'hello',
  description: 'Says hello.',
  intents: { greeting: { examples: ['hello', 'hi there', 'good morning'] } },
  respond: ({ reply }) => reply.text('Hello! How can I help?'),
})

/** In each process: as many as you like work on one database. */
function botOn(url: string, transport: Transport) {
  const storage = postgresStorage({ url }) // postgres://user:password@host:5432/database
  return createBot({ transports: [transport], storage, pipeline: createPipeline({ agents: [hello] }) })
}

// #endregion

// #region migrate
import { migrate } from '@wa-agent/storage-postgres'

/** In a deployment, before the new version starts, as the owner of the tables. */
const deploy = (url: string) => migrate({ url, rls: true })

/** The processes themselves then change no schema. */
const storageOf = (url: string) => postgresStorage({ url, migrate: false })

// #endregion

// #region managed
import { readFile } from 'node:fs/promises'

/** A managed server: the pooler for work, the server itself for the one connection that listens. */
async function managedStorage(pooler: string, direct: string, certificate: string) {
  const ca = await readFile(certificate, 'utf8')
  return postgresStorage({ url: pooler, listenUrl: direct, ssl: { ca }, poolSize: 5 })
}

// #endregion

// #region prune
import type { Storage } from '@wa-agent/core'

/** Forgets what was finished more than 90 days ago. Run it once a day, in one process. */
const forgetOld = (storage: Storage) => storage.prune({ beforeMs: Date.now() - 90 * 86_400_000 })
// #endregion

// #region reader
/** What one tenant may see, by a role that row-level security binds. */
async function pendingOf(reader: pg.Client, tenant: string): Promise<number> {
  await reader.query('BEGIN')
  await reader.query(`SELECT set_config('wa_agent.tenant', $1, true)`, [tenant])
  const { rows } = await reader.query('SELECT count(*) AS count FROM wa_agent.inbox WHERE status = 0')
  await reader.query('COMMIT')
  return Number(rows[0].count)
}

// #endregion

describe.skipIf(!postgres)('the README', () => {
  test('has a bot that answers', async () => {
    const whatsApp = simulatedWhatsApp()
    const bot = botOn(url, whatsApp.transport)
    await bot.start()
    onTestFinished(() => bot.stop())
    const anna = whatsApp.customer('anna')
    anna.says('hello', { id: 'first' })
    expect(await anna.next()).toMatchObject({ text: 'Hello! How can I help?' })
  })

  test('migrates in a deployment, shows a tenant its own, and forgets what is old', async () => {
    await deploy(url)
    const storage = storageOf(url)
    await storage.open()
    onTestFinished(() => storage.close())
    expect(await forgetOld(storage)).toEqual({ removed: 0 })
    const reader = new pg.Client({ connectionString: url })
    await reader.connect()
    onTestFinished(() => reader.end())
    expect(await pendingOf(reader, 'nobody')).toBe(0)
    await expect(managedStorage(url, url, '/no/such/certificate.pem')).rejects.toThrow('ENOENT')
  })
})
