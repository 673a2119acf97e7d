import type { Pipeline, TurnInput } from '@wa-agent/core'
import { expect, test } from 'vitest'
import { pipelineByTenant } from './pipeline-by-tenant.ts'
import { echoPipeline } from './test-world.ts'

const turn = (tenant?: string): TurnInput => ({
  messages: [
    {
      type: 'text',
      id: '1',
      chat: 'c',
      from: { id: 'c', aliases: [] },
      text: 'hi',
      sentAtMs: 1,
      fromMe: false,
      isGroup: false,
    },
  ],
  ...(tenant === undefined ? {} : { tenant }),
})

function recorded(name: string, log: string[], failsToStart = false): Pipeline {
  return {
    historyLimit: name.length,
    async start() {
      if (failsToStart) throw new Error('no')
      log.push(`start ${name}`)
    },
    async run({ history }) {
      log.push(`${name} sees ${history?.length ?? 'none'}`)
      throw new Error('enough')
    },
    async stop() {
      log.push(`stop ${name}`)
    },
  }
}

test('gives each tenant its own agents', async () => {
  const pipeline = pipelineByTenant({
    tenants: { red: echoPipeline('Red'), blue: echoPipeline('Blue') },
    otherwise: echoPipeline('Any'),
  })
  const said = async (tenant?: string) => (await pipeline.run(turn(tenant))).replies[0]
  expect(await said('red')).toMatchObject({ text: 'Red: hi' })
  expect(await said('blue')).toMatchObject({ text: 'Blue: hi' })
  expect(await said('__proto__')).toMatchObject({ text: 'Any: hi' })
  expect(await said()).toMatchObject({ text: 'Any: hi' })
})

test('a tenant without agents is an error that trying again does not help', async () => {
  const pipeline = pipelineByTenant({ tenants: { red: echoPipeline() } })
  await expect(pipeline.run(turn('blue'))).rejects.toMatchObject({ code: 'not_found', retryable: false })
})

test('starts and stops each once, and stops those that run where one does not start', async () => {
  const log: string[] = []
  const [a, b] = [recorded('a', log), recorded('b', log)]
  const good = pipelineByTenant({ tenants: { red: a, blue: b, green: a } })
  await good.start?.()
  await good.start?.()
  await good.stop?.()
  expect(log.splice(0)).toEqual(['start a', 'start b', 'stop b', 'stop a'])
  const bad = pipelineByTenant({ tenants: { red: a, blue: recorded('c', log, true) } })
  await expect(bad.start?.()).rejects.toThrow('no')
  expect(log).toEqual(['start a', 'stop a'])
})

test('shows each no more of the past than it asked for', async () => {
  const log: string[] = []
  const pipeline = pipelineByTenant({ tenants: { red: recorded('a', log), blue: recorded('abc', log) } })
  expect(pipeline.historyLimit).toBe(3)
  const history = ['1', '2', '3'].map((text) => ({ by: 'customer' as const, text, atMs: 1 }))
  for (const tenant of ['red', 'blue']) await pipeline.run({ ...turn(tenant), history }).catch(() => undefined)
  expect(log).toEqual(['a sees 1', 'abc sees 3'])
})

test('refuses to be empty', () => {
  expect(() => pipelineByTenant({ tenants: {} })).toThrow(/at least one pipeline/)
})
