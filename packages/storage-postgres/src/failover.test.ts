import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { silentLogger } from '@wa-agent/core'
import { startPostgres } from '@wa-agent/testing/servers'
import pg from 'pg'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { postgresStorage } from './postgres-storage.ts'
import { keyOf, workCount, workThrough } from './test-fixtures.ts'

// A commit is answered when it is on both.
const primary = await startPostgres({ settings: { synchronous_standby_names: '*' } })
const standby = primary && (await startPostgres({ standbyOf: primary }))
/** Real servers on a busy machine. */
const soon = (check: () => unknown) => vi.waitFor(check, 15_000)

afterAll(async () => {
  await standby?.[Symbol.asyncDispose]()
  await primary?.[Symbol.asyncDispose]()
})

/** An address that leads to whoever is the primary, as managed servers give one. */
async function startProxy(firstPort: number) {
  const sockets = new Set<Socket>()
  const state = { port: firstPort, connections: 0 }
  const server = createServer((client) => {
    const upstream = connect(state.port, '127.0.0.1')
    state.connections += 1
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `postgres://postgres@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`,
    /** From now on; resolves when several have come in there. */
    async lead(port: number, connections: number): Promise<void> {
      state.port = port
      const enough = state.connections + connections
      await soon(() => expect(state.connections).toBeGreaterThanOrEqual(enough))
    },
    close(): void {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(sql)
  await client.end()
  return rows
}

describe.skipIf(!primary || !standby)('when the primary dies and its standby takes over', () => {
  test('what was acknowledged is there, is answered once, and everybody goes on by himself', async () => {
    if (!primary || !standby) return
    const inSync = [{ sync_state: 'sync' }]
    await soon(async () => expect(await ask(primary.url, 'SELECT sync_state FROM pg_stat_replication')).toEqual(inSync))
    const proxy = await startProxy(primary.port)
    const { url } = proxy
    const lines: string[] = []
    const logger = { ...silentLogger, warn: (_: unknown, line: string) => void lines.push(line) }
    const witness = postgresStorage({ url, logger, retryForMs: 20_000 })
    await witness.open()
    let wakes = 0
    witness.watch?.(() => {
      wakes += 1
    })
    let isDone = false
    const failOver = async () => {
      if (isDone) return
      isDone = true
      await soon(() => expect(wakes).toBeGreaterThan(0))
      await primary.kill()
      // It is asked while it is the standby still, and refuses: nobody may hear of that.
      const asked = [
        witness.records.set(keyOf('x'), 'repeatable', 'done'),
        witness.records.replace(keyOf('x'), 'once', { from: undefined, to: 'done' }),
        witness.enqueue(keyOf('nobody'), []),
      ]
      await proxy.lead(standby.port, 20)
      wakes = 0
      await standby.promote()
      expect(await Promise.all(asked)).toEqual([undefined, true, keyOf('nobody')])
      await soon(() => expect(wakes).toBeGreaterThan(0))
    }
    const open = () => postgresStorage({ url, poolSize: 5, retryForMs: 20_000 })
    await workThrough(open, { disturb: failOver, everySteps: 200 })
    expect(isDone).toBe(true)
    const sent = 'SELECT count(*)::int AS sent, max(attempts) AS attempts FROM wa_agent.outbox WHERE status = 2'
    expect(await ask(standby.url, sent)).toEqual([{ sent: workCount, attempts: 1 }])
    await witness.close()
    proxy.close()
    // Not one for each attempt.
    expect(lines.filter((line) => line.includes('listening')).length).toBeLessThan(5)
  }, 60_000)
})
