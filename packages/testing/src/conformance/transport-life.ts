import assert from 'node:assert/strict'
import { WaAgentError } from '@wa-agent/core'
import { recordingHost } from '../recording-host.ts'
import { kept, needed, type TransportCase, textFrom } from './transport-harness.ts'

/** Starting, losing the connection, stopping. */
export const lifeCases: readonly TransportCase[] = [
  kept('says that it is connected', async ({ host, ...world }) => {
    await world.start(host)
    await world.until(() => host.connections.includes('connected'))
  }),
  kept('hands over nothing once it has stopped', async ({ host, ...world }) => {
    host.refuse(new WaAgentError('storage_unavailable', 'Try again.', { retryable: true }), 1000)
    await world.start(host, [textFrom('m1')])
    await world.until(() => host.calls > 0)
    await world.transport.stop()
    const { calls } = host
    assert.equal(host.connections.at(-1), 'stopped')
    await world.deliver?.(textFrom('m2'))
    await world.pass(120_000)
    assert.equal(host.calls, calls)
  }),
  kept('can be stopped before it was started, and twice', async ({ host, ...world }) => {
    await world.transport.stop()
    await world.start(host)
    await world.transport.stop()
    await world.transport.stop()
  }),
  kept('starts again after it has stopped', async ({ host, ...world }) => {
    await world.start(host)
    await world.transport.stop()
    const second = recordingHost({ clock: world.clock })
    await world.start(second, [textFrom('m1')])
    await world.until(() => second.received.length === 1)
    assert.equal(host.calls, 0)
  }),
  kept(
    { name: 'says when the connection breaks and comes back', feature: 'connection' },
    async ({ host, ...world }) => {
      await world.start(host)
      await world.until(() => host.connections.at(-1) === 'connected')
      await needed(world.cut, 'cut')()
      await world.until(() => host.connections.at(-1) !== 'connected')
      await needed(world.mend, 'mend')()
      await world.until(() => host.connections.at(-1) === 'connected')
    },
  ),
  kept(
    { name: 'claims no send while the connection is broken', feature: 'connection' },
    async ({ host, send, ...world }) => {
      await world.start(host)
      await world.until(() => host.connections.at(-1) === 'connected')
      await needed(world.cut, 'cut')()
      const before = (await world.arrived()).length
      const result = await send({ id: 'r1' }).catch(() => undefined)
      assert.notEqual(result?.status, 'sent')
      if (result?.status === 'failed') assert.equal(result.retryable, true)
      assert.equal((await world.arrived()).length, before)
    },
  ),
  kept(
    { name: 'catches up on everything that came while the connection was broken', feature: 'catch-up' },
    async ({ host, ...world }) => {
      const deliver = needed(world.deliver, 'deliver')
      const catchUp = needed(world.transport.catchUp?.bind(world.transport), 'transport.catchUp')
      await world.start(host)
      await world.until(() => host.connections.at(-1) === 'connected')
      const sinceMs = world.clock.now()
      await needed(world.cut, 'cut')()
      const ids = Array.from({ length: 120 }, (_, index) => `m${index}`)
      for (const id of ids) await deliver(textFrom(id))
      await world.pass(1000)
      await needed(world.mend, 'mend')()
      await world.until(() => host.connections.at(-1) === 'connected')
      await catchUp({ sinceMs, signal: new AbortController().signal })
      assert.deepEqual([...new Set(host.received.map(({ id }) => id))], ids)
    },
  ),
  kept({ name: 'ends catching up when it is aborted', feature: 'catch-up' }, async ({ host, ...world }) => {
    const catchUp = needed(world.transport.catchUp?.bind(world.transport), 'transport.catchUp')
    await world.start(host, [textFrom('m1')])
    await world.until(() => host.received.length === 1)
    await assert.rejects(catchUp({ sinceMs: 0, signal: AbortSignal.abort() }))
    assert.equal(host.calls, 1)
  }),
  kept(
    { name: 'does not say that it has caught up where the messages could not be stored', feature: 'catch-up' },
    async ({ host, ...world }) => {
      const catchUp = needed(world.transport.catchUp?.bind(world.transport), 'transport.catchUp')
      await world.start(host, [textFrom('m1')])
      await world.until(() => host.received.length === 1)
      host.refuse(new WaAgentError('storage_unavailable', 'Try again.', { retryable: true }))
      await assert.rejects(catchUp({ sinceMs: 0, signal: new AbortController().signal }))
    },
  ),
]
